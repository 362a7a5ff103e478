//! `frontier contact import` of whatever people and programs call a file of contacts.

use std::io::Write as _;
use std::process::Stdio;

use super::Sandbox;

const CSV: &str = "Correo;Nombre;Ciudad;Etiquetas\n\
                   ana@x.example;Ana Muñoz;Cádiz;vip, té\nbea@x.example;Bea;;\n";

/// What the two contacts are, whatever file they came from.
fn look(sandbox: &Sandbox, file: &str) {
    let shown = sandbox.ok(&["contact", "list", "-o", "json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let of = |at: usize, key: &str| shown[at][key].clone();
    assert_eq!(shown.as_array().map(Vec::len), Some(2), "{file}: {shown}");
    assert_eq!(of(0, "name"), "Ana Muñoz", "{file}");
    assert_eq!(of(0, "attributes")["ciudad"], "Cádiz", "{file}");
    assert_eq!(of(0, "tags"), serde_json::json!(["té", "vip"]), "{file}");
    assert_eq!(of(1, "email"), "bea@x.example", "{file}");
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut packed = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        packed.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        packed.write_all(bytes).unwrap();
    }
    packed.finish().unwrap().into_inner()
}

#[test]
fn any_sane_file_says_the_same() {
    let utf16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        "\u{feff}".encode_utf16().chain(CSV.encode_utf16()).flat_map(bytes).collect()
    };
    let ndjson = "{\"email\":\"ana@x.example\",\"name\":\"Ana Muñoz\",\"ciudad\":\"Cádiz\",\"tags\":[\"vip\",\"té\"]}\n\
                  {\"email\":\"bea@x.example\",\"name\":\"Bea\"}\n";
    let json = format!("[\n{}]", ndjson.trim_end().replace("}\n", "},\n"));
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("plain.csv", CSV.into()),
        ("mark.csv", format!("\u{feff}{CSV}").into()),
        ("little.csv", utf16(u16::to_le_bytes)),
        ("big.csv", utf16(u16::to_be_bytes)),
        ("ansi.csv", encoding_rs::WINDOWS_1252.encode(CSV).0.into_owned()),
        ("tabs.txt", CSV.replace(';', "\t").into()),
        ("crlf.csv", CSV.replace('\n', "\r\n").into()),
        ("people.csv.gz", gz(CSV.as_bytes())),
        ("people.zip", zip(&[("people.csv", CSV.as_bytes())])),
        ("people.ndjson", ndjson.into()),
        ("people.ndjson.gz", gz(ndjson.as_bytes())),
        ("people.json", json.into()),
    ];
    for (name, bytes) in files {
        let sandbox = Sandbox::workspace();
        std::fs::write(sandbox.path(name), bytes).unwrap();
        sandbox.ok(&["contact", "import", name]);
        look(&sandbox, name);
        let again = sandbox.run(&["contact", "import", name]);
        assert_eq!(again.code, 0, "{name}: {}", again.err);
        look(&sandbox, name);
    }
}

#[test]
fn a_file_comes_through_standard_input() {
    let sandbox = Sandbox::workspace();
    let mut command = sandbox.frontier(&["contact", "import", "-"]);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(CSV.as_bytes()).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    look(&sandbox, "-");
}

#[test]
fn what_is_no_file_of_contacts_is_refused_whole() {
    let two = zip(&[("a.csv", CSV.as_bytes()), ("b.csv", CSV.as_bytes())]);
    let bomb = gz(&vec![b'a'; 40 * 1024 * 1024]);
    let cut = gz(CSV.repeat(40).as_bytes());
    let files: [(&str, &[u8]); 5] = [
        ("two.zip", &two),
        ("bomb.csv.gz", &bomb),
        ("cut.csv.gz", &cut[..cut.len() / 2]),
        ("image.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0"),
        ("broken.json", b"[{\"email\": \"ana@x.example\"}, oops"),
    ];
    for (name, bytes) in files {
        let sandbox = Sandbox::workspace();
        std::fs::write(sandbox.path(name), bytes).unwrap();
        let refused = sandbox.run(&["contact", "import", name]);
        assert_ne!(refused.code, 0, "{name}: {}", refused.out);
        assert!(refused.err.contains("error: "), "{name}: {}", refused.err);
        assert!(!refused.err.contains("panicked"), "{name}: {}", refused.err);
    }
}

#[test]
fn a_file_says_how_its_contacts_meet_those_there_are() {
    let sandbox = Sandbox::workspace();
    sandbox.write("one.csv", "Buzón,Quién,Ciudad\nana@x.example,Ana,Soria\n");
    let first = sandbox.run(&[
        "contact",
        "import",
        "one.csv",
        "--source",
        "crm",
        "--map",
        "email=Buzón",
        "--map",
        "name=Quién",
        "--tag",
        "new",
        "--consent",
        "source=fair,purpose=newsletter",
    ]);
    assert_eq!(first.code, 0, "{}", first.err);
    insta::assert_snapshot!(first.err, @"Took email from `Buzón`, name from `Quién`, ciudad from `Ciudad`.");
    sandbox.write("two.csv", "Ciudad,Buzón\nJaca,ana@x.example\nLugo,bo@x.example\n");
    let failed =
        sandbox.run(&["contact", "import", "two.csv", "--source", "crm", "--on-conflict", "fail"]);
    assert_eq!(failed.code, 5);
    insta::assert_snapshot!(failed.err, @r"
    Took ciudad from `Ciudad` (remembered), email from `Buzón` (remembered).
    error: 1 of the addresses is a contact already, `ana@x.example` on line 2; nothing was imported. --on-conflict update changes such contacts, skip leaves them as they are
    ");
    let skipped =
        sandbox.ok(&["contact", "import", "two.csv", "--source", "crm", "--on-conflict", "skip"]);
    assert!(skipped.contains("skipped              1\n"), "{skipped}");
    sandbox.write("three.csv", "email,plan\nana@x.example,pro\n");
    sandbox.ok(&["contact", "import", "three.csv", "--update-attributes"]);
    let ana = |key: &str| sandbox.ok(&["contact", "show", "ana@x.example", "--jq", key]);
    assert_eq!(ana(".attributes"), "{\"ciudad\":\"Soria\",\"plan\":\"pro\"}\n");
    sandbox.ok(&["contact", "import", "three.csv", "--update-attributes=replace"]);
    assert_eq!(ana(".attributes"), "{\"plan\":\"pro\"}\n");
    assert_eq!(ana(".tags"), "[\"new\"]\n");
}
