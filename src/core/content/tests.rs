//! Whole messages: what an author writes, and what a contact gets.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::*;

fn ana() -> Value {
    json!({
        "contact": {
            "email": "ana@example.com", "name": "Ana", "language": "es", "timezone": null,
            "attributes": {"city": "Málaga", "orders": [{"item": "Té", "price": 3}]},
        },
        "campaign": {"name": "Spring"},
        "sender": {"name": "Acme", "email": "hi@acme.example"},
        "unsubscribe_url": "https://acme.example/u?c=1&s=2",
    })
}

fn message(format: Format, body: &str) -> MessageSource {
    MessageSource {
        name: "spring".into(),
        subject: "Hi".into(),
        preheader: None,
        body: TemplateSource { name: "body".into(), format, layout: None, body: body.into() },
        text: None,
    }
}

fn rendered(message: &MessageSource, vars: &Value) -> Result<Rendered, RenderError> {
    Compiled::compile(message, &Library::default()).unwrap().render(vars)
}

fn failure(body: &str) -> RenderError {
    rendered(&message(Format::Markdown, body), &ana()).unwrap_err()
}

#[test]
fn a_compiled_message_is_shared_between_threads() {
    fn shareable<T: Send + Sync + 'static>() {}
    shareable::<Compiled>();
}

#[test]
fn a_subject_cannot_make_a_header() {
    let mut vars = ana();
    vars["contact"]["name"] = json!("Ana\r\nBcc: all@example.com");
    let mut message = message(Format::Markdown, "Hi");
    message.subject = "  {{ contact.name }} & <co>\n".into();
    message.preheader = Some("For {{ contact.name }}".into());
    let rendered = rendered(&message, &vars).unwrap();
    assert_eq!(rendered.subject, "Ana Bcc: all@example.com & <co>");
    assert_eq!(rendered.preheader.unwrap(), "For Ana Bcc: all@example.com");
    assert!(rendered.html.contains(">For Ana Bcc: all@example.com</div>"));
    assert!(rendered.html.contains("<title>Ana Bcc: all@example.com &amp; &lt;co&gt;</title>"));
    assert_eq!(rendered.text, "Hi\n");
}

#[test]
fn values_are_escaped_in_html_and_only_there() {
    let mut vars = ana();
    vars["contact"]["name"] = json!("<script>alert('x')</script>");
    let body = "Dear {{ contact.name }}, [leave]({{ unsubscribe_url }} \"{{ contact.name }}\")";
    let rendered = rendered(&message(Format::Markdown, body), &vars).unwrap();
    let (_, shown) = rendered.html.split_once("<p").unwrap();
    assert_snapshot!(shown.split_once("</p>").unwrap().0, @r#" style="margin: 0 0 16px;">Dear &lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;, <a href="https://acme.example/u?c=1&amp;s=2" title="&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" style="color: #0b57d0;text-decoration: underline;">leave</a>"#);
    assert_snapshot!(rendered.text, @"Dear <script>alert('x')</script>, leave (https://acme.example/u?c=1&s=2)");
}

#[test]
fn every_script_passes() {
    let body = "\u{feff}# مرحبا {{ contact.name }} 👩‍🚀\n\n<p dir=\"rtl\">שלום</p>\n\n日本語 – «ñ» {{ \"🎉 <é>\" }}";
    let mut vars = ana();
    vars["contact"]["name"] = json!("محمد");
    let rendered = rendered(&message(Format::Markdown, body), &vars).unwrap();
    assert_snapshot!(rendered.text, @r"
    مرحبا محمد 👩‍🚀

    שלום

    日本語 – «ñ» 🎉 <é>
    ");
    assert!(
        rendered.html.contains("<p dir=\"rtl\">שלום</p>") || rendered.html.contains("dir=\"rtl\"")
    );
    assert!(rendered.html.contains("👩‍🚀") && rendered.html.contains("🎉 &lt;é&gt;"));
}

#[test]
fn a_missing_value_is_named_with_its_place_and_its_remedy() {
    assert_snapshot!(failure("Hi\n\n{{ contact.attributes.cuty }}"), @"`contact.attributes.cuty` has no value (html part, `body` line 3); give the contact one, or write `{{ contact.attributes.cuty | default('…') }}`");
    assert_snapshot!(failure("{{ contact.timezone }}"), @"`contact.timezone` has no value (html part, `body` line 1); give the contact one, or write `{{ contact.timezone | default('…') }}`");
    assert_snapshot!(failure("a\n{% if contact.attributes.vip %}b{% endif %}"), @"`contact.attributes.vip` has no value (html part, `body` line 2); give the contact one, or write `{{ contact.attributes.vip | default('…') }}`");
    assert_snapshot!(failure("{{ contact.attributes.vip | upper }}"), @"`contact.attributes.vip` has no value (html part, `body` line 1); give the contact one, or write `{{ contact.attributes.vip | default('…') }}`");
    assert_snapshot!(failure("{{ contact.attributes.shop.name }}"), @"`contact.attributes.shop` has no value (html part, `body` line 1); give the contact one, or write `{{ contact.attributes.shop | default('…') }}`");
    assert_snapshot!(failure("{{ contact.name / 2 }}"), @"tried to use / operator on unsupported types string and number (html part, `body` line 1)");
    let body = "{{ contact.attributes.vip | default('no') }} {{ contact.timezone | default(\"UTC\") }} \
        {% if contact.attributes.vip is defined %}{{ contact.attributes.vip }}{% endif %}\
        {% if contact.timezone %}hole{% endif %}";
    assert_eq!(rendered(&message(Format::Markdown, body), &ana()).unwrap().text, "no UTC\n");
}

#[test]
fn a_template_cannot_run_or_grow_without_end() {
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
    assert_snapshot!(failure(endless), @"the template does too much work (html part, `body` line 1); is there a loop that hardly ends?");
    assert_snapshot!(failure("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"), @"the template does too much work (html part, `body` line 1); is there a loop that hardly ends?");
    assert_snapshot!(failure("{% for a in range(9000) %}{{ 'x' * 200 }}{% endfor %}"), @"the html part is larger than 1048576 bytes; make it shorter");
    assert_snapshot!(failure("{{ 'x' * 999999999 }}"), @"the template does too much work (html part, `body` line 1); is there a loop that hardly ends?");
}

#[test]
fn a_text_part_of_the_author_s_own_stays_as_it_is() {
    let mut message = message(Format::Markdown, "Hi");
    message.text = Some(format!(
        "Hi {{{{ contact.name }}}} <&>\n{{% if true %}}\n  {{{{ unsubscribe_url }}}}\n{{% endif %}}\n{}",
        "long ".repeat(20)
    ));
    assert_snapshot!(rendered(&message, &ana()).unwrap().text, @r"
    Hi Ana <&>
      https://acme.example/u?c=1&s=2
    long long long long long long long long long long long long long long long long long long long long
    ");
}

fn newsletter() -> (MessageSource, Library) {
    let layout = include_str!("testdata/layout.mjml");
    let body = include_str!("testdata/body.mjml");
    let template = |name: &str, format, layout: Option<&str>, body: &str| TemplateSource {
        name: name.into(),
        format,
        layout: layout.map(Into::into),
        body: body.into(),
    };
    let library = Library::from_iter([
        template("main", Format::Mjml, None, layout),
        template(
            "order",
            Format::Mjml,
            None,
            "<tr><td>{{ order.item }}</td><td>{{ order.price }} €</td></tr>",
        ),
        template("note", Format::Markdown, None, "Sent to **{{ contact.email }}**."),
    ]);
    let mut message = message(Format::Mjml, body);
    message.subject = "{{ contact.name }}, spring is here".into();
    message.preheader = Some("Tea for {{ contact.attributes.city }}".into());
    message.body.layout = Some("main".into());
    (message, library)
}

#[test]
fn an_mjml_letter_keeps_its_loops_and_reads_well_as_text() {
    let (message, library) = newsletter();
    let compiled = Compiled::compile(&message, &library).unwrap();
    let mail = compiled.render(&ana()).unwrap();
    assert_snapshot!(mail.text, @r"
    Acme (https://acme.example/)

    Spring is here

    Dear Ana, the first teas of the year have come down from the hills, and we
    kept some for Málaga.

    See the teas (https://acme.example/spring?city=M%C3%A1laga)

    Last time you had:

    Item | Price
    Té | 3 €

    Two columns

    - One
    - Two

    Sent to ana@example.com.

    Unsubscribe (https://acme.example/u?c=1&s=2)
    ");
    assert!(mail.html.contains(">Té</td>"));
    assert!(mail.html.contains("href=\"https://acme.example/u?c=1&amp;s=2\""));
    assert!(!mail.html.contains("googleapis") && !mail.html.contains("zjq"));

    let mut vars = ana();
    vars["contact"]["attributes"] = json!({"city": "Málaga", "orders": []});
    let mail = compiled.render(&vars).unwrap();
    assert!(!mail.text.contains("Item | Price") && !mail.html.contains("Té"));
}

#[test]
fn an_error_in_a_layout_names_the_layout() {
    let (message, library) = newsletter();
    let compiled = Compiled::compile(&message, &library).unwrap();
    let mut vars = ana();
    vars["unsubscribe_url"] = Value::Null;
    assert_snapshot!(compiled.render(&vars).unwrap_err(), @"`unsubscribe_url` has no value (html part, `main` line 23); give it one, or write `{{ unsubscribe_url | default('…') }}`");
}
