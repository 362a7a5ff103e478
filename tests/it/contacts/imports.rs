//! Imports and exports: what people's files are like.

use frontier::storage::sql::DbUrl;

use super::*;
use crate::support::app::App;
use crate::support::backend::{Given as _, on_every_backend};

on_every_backend!(
    a_dirty_file_is_imported_and_what_cannot_be_is_told_with_its_line,
    an_import_again_changes_nothing_and_a_dry_run_says_what_a_run_does,
    a_file_of_many_batches_counts_each_address_once,
    cells_update_a_contact_and_empty_ones_do_not,
    a_column_is_mapped_by_its_heading_and_a_slip_is_told,
    an_upload_that_breaks_off_keeps_whole_batches_and_says_so,
    an_export_comes_back_as_it_was,
);

/// What an import answered: its summary, and its rejects by line and reason.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) summary: ImportSummaryBody,
    /// The columns by target, and the targets that were remembered.
    pub(super) columns: (Value, Vec<String>),
    rejects: Vec<(u64, String, Vec<String>)>,
}

impl Outcome {
    /// `rows, created, updated, unchanged, duplicates, rejected`
    pub(super) fn counts(&self) -> [u64; 6] {
        let s = &self.summary;
        [s.rows, s.created, s.updated, s.unchanged, s.duplicates, s.rejected]
    }
}

pub(super) async fn import(
    client: &Client,
    how: &ImportQuery,
    file: &[u8],
) -> ClientResult<Outcome> {
    // In pieces, so that records and characters are cut anywhere.
    let pieces: Vec<_> =
        file.chunks(1009).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect();
    let body = Body::from_stream(futures::stream::iter(pieces));
    let mut events = client.import_contacts(how, body).await?;
    let (mut rejects, mut summary, mut read) = (Vec::new(), None, 0);
    let mut columns = (Value::Null, Vec::new());
    while let Some(event) = events.next().await {
        match event? {
            ImportEvent::Reject { line, reason, record, .. } => {
                rejects.push((line, reason, record));
            }
            ImportEvent::Summary(done) => summary = Some(done),
            ImportEvent::Progress { bytes, .. } => read = bytes,
            ImportEvent::Header { targets, remembered, .. } => {
                columns = (Value::Object(targets), remembered);
            }
            ImportEvent::Error { error } => panic!("{error:?}"),
        }
    }
    assert!(read <= file.len() as u64);
    Ok(Outcome { summary: summary.unwrap(), columns, rejects })
}

pub(super) fn to_list(list: &str) -> ImportQuery {
    ImportQuery { list: Some(list.into()), ..ImportQuery::default() }
}

fn dry(how: &ImportQuery) -> ImportQuery {
    ImportQuery { dry_run: true, ..how.clone() }
}

async fn export(client: &Client, format: ExportFormat) -> String {
    let which = ExportQuery { format, ..ExportQuery::default() };
    let mut pieces = client.export_contacts(&which).await.unwrap();
    let mut file = Vec::new();
    while let Some(piece) = pieces.next().await {
        file.extend_from_slice(&piece.unwrap());
    }
    String::from_utf8(file).unwrap()
}

const DIRT: &[u8] = b"\xef\xbb\xbfCorreo;Nombre;Idioma;Ciudad\r\n\
Ana@example.com;Ana;es;\"Alcal\xc3\xa1\r\nde \"\"Henares\"\"\"\r\n\
\r\n\
jos\xc3\xa9@ex\xc3\xa4mple.com;Jos\xc3\xa9;es;\r\n\
bo example.com;Bo;en;York\r\n\
ANA@EXAMPLE.COM;;es-MX;\r\n\
cy@example.com;Cy\xff;en;\r\n\
dy@example.com;Dy;English;Leeds\r\n\
ed@example.com;Ed\r\n\
;Nobody;;\r\n\
;;;\r\n\
flo@example.com;Flo;en;Bath";

async fn a_dirty_file_is_imported_and_what_cannot_be_is_told_with_its_line(
    App { client, .. }: App,
) {
    let done = import(&client, &to_list("spring"), DIRT).await.unwrap();
    assert_eq!(done.counts(), [9, 3, 0, 0, 1, 5]);
    let list = done.summary.list.as_ref().unwrap();
    assert_eq!((list.name.as_str(), list.created), ("spring", true));
    let told: Vec<_> = done.rejects.iter().map(|(line, why, _)| (*line, why.as_str())).collect();
    assert_eq!(
        told,
        [
            (6, "`bo example.com` has a space in it; take it out"),
            (8, "it is not UTF-8; save the file as UTF-8"),
            (9, "`English` is not a language; write its BCP 47 tag, as in es or pt-BR"),
            (10, "it has 2 cells where the header has 4; is a delimiter or a quote missing?"),
            (11, "the address is empty; write one as name@example.com"),
        ]
    );
    assert_eq!(done.rejects[0].2, ["bo example.com", "Bo", "en", "York"]);

    let ana = client.get_contact("ana@example.com").await.unwrap();
    assert_eq!((ana.name.as_str(), ana.language.as_deref()), ("Ana", Some("es-MX")));
    assert_eq!(json!(ana.attributes), json!({"ciudad": "Alcalá\r\nde \"Henares\""}));
    assert_eq!(
        emails(&client, Some("spring"), None).await,
        ["Ana@example.com", "josé@exämple.com", "flo@example.com"]
    );
}

async fn an_import_again_changes_nothing_and_a_dry_run_says_what_a_run_does(
    App { client, .. }: App,
) {
    let how = to_list("spring");
    let dry_first = import(&client, &dry(&how), DIRT).await.unwrap();
    assert!(everybody(&client).await.is_empty());
    assert!(client.lists(10).await.unwrap().items.is_empty());
    let first = import(&client, &how, DIRT).await.unwrap();
    assert_eq!(dry_first.counts(), first.counts());
    assert_eq!(dry_first.rejects, first.rejects);
    assert_eq!(dry_first.summary.list, first.summary.list);

    let before = json!(everybody(&client).await);
    let dry_second = import(&client, &dry(&how), DIRT).await.unwrap();
    let second = import(&client, &how, DIRT).await.unwrap();
    assert_eq!(second.counts(), [9, 0, 0, 3, 1, 5]);
    assert_eq!(dry_second.counts(), second.counts());
    assert!(!second.summary.list.unwrap().created);
    assert_eq!(json!(everybody(&client).await), before);
}

async fn a_file_of_many_batches_counts_each_address_once(App { client, .. }: App) {
    let row = |at: u32| format!("user{}@example.com,User {at},{at}\n", at % 2200);
    let file = "email,name,n\n".to_owned() + &(0..2500).map(row).collect::<String>();
    let how = to_list("many");
    let dry_run = import(&client, &dry(&how), file.as_bytes()).await.unwrap();
    let done = import(&client, &how, file.as_bytes()).await.unwrap();
    assert_eq!(done.counts(), [2500, 2200, 0, 0, 300, 0]);
    assert_eq!(dry_run.counts(), done.counts());
    assert_eq!(client.get_list("many").await.unwrap().members, 2200);
    let later = client.get_contact("user7@example.com").await.unwrap();
    assert_eq!((later.name.as_str(), &later.attributes["n"]), ("User 2207", &json!("2207")));
}

async fn cells_update_a_contact_and_empty_ones_do_not(App { client, .. }: App) {
    let new = NewContactBody {
        name: Some("Ana".into()),
        language: Some("es".into()),
        attributes: attributes(json!({"age": 41, "city": "Soria"})),
        ..contact("ana@example.com")
    };
    client.create_contact(&new).await.unwrap();
    let file = b"email,name,language,age,city\nANA@example.com,,fr,41,\n";
    let done = import(&client, &ImportQuery::default(), file).await.unwrap();
    assert_eq!(done.counts(), [1, 0, 1, 0, 0, 0]);
    let ana = client.get_contact("ana@example.com").await.unwrap();
    assert_eq!((ana.name.as_str(), ana.language.as_deref()), ("Ana", Some("fr")));
    assert_eq!(json!(ana.attributes), json!({"age": 41, "city": "Soria"}));
}

async fn a_column_is_mapped_by_its_heading_and_a_slip_is_told(App { client, .. }: App) {
    let file = b"Buz\xc3\xb3n|Alias\nana@example.com|Anita\n";
    let map = |pairs: &[&str]| ImportQuery {
        map: pairs.iter().map(|pair| (*pair).to_owned()).collect(),
        ..ImportQuery::default()
    };
    import(&client, &map(&["email=buzón", "name=Alias"]), file).await.unwrap();
    assert_eq!(client.get_contact("ana@example.com").await.unwrap().name, "Anita");

    for (how, file, code, message) in [
        (
            map(&["email=Buzon"]),
            &file[..],
            "INVALID_IMPORT",
            "there is no column `Buzon` for `email`; is it `Buzón`?",
        ),
        (
            map(&[]),
            file,
            "INVALID_IMPORT",
            "no column looks like an address among `Buzón`, `Alias`; say which with --map email=COLUMN",
        ),
        (map(&["email"]), file, "INVALID_MAP", "`email` maps nothing; write it as email=Correo"),
        (
            map(&[]),
            b"ana@example.com,Ana\n",
            "INVALID_IMPORT",
            "the first line holds an address, not the names of columns; put a header above it, as in email,name",
        ),
        (
            map(&[]),
            b"",
            "INVALID_IMPORT",
            "the file is empty; its first line must name the columns, as in email,name",
        ),
        (
            ImportQuery { delimiter: Some("ab".into()), ..ImportQuery::default() },
            b"email\n",
            "INVALID_DELIMITER",
            "`ab` cannot stand between cells; try `;` or tab",
        ),
        (
            to_list("a/b"),
            b"email\n",
            "INVALID_NAME",
            "the name `a/b` has '/'; use letters, digits, `-`, `_`, `.` and spaces between them",
        ),
    ] {
        let (_, found, words) = refusal(import(&client, &how, file).await);
        assert_eq!((found.as_str(), words.as_str()), (code, message));
    }
    assert_eq!(client.lists(10).await.unwrap().items.len(), 0);
}

async fn an_upload_that_breaks_off_keeps_whole_batches_and_says_so(App { client, .. }: App) {
    let row = |at: u32| format!("user{at}@example.com\n");
    let file = "email\n".to_owned() + &(0..5500).map(row).collect::<String>();
    let mut pieces: Vec<_> =
        file.as_bytes().chunks(16 * 1024).map(|piece| Ok(piece.to_vec())).collect();
    pieces.push(Err(std::io::Error::other("the cable is out")));
    let body = Body::from_stream(futures::stream::iter(pieces));
    let events = client.import_contacts(&ImportQuery::default(), body).await.unwrap();
    let last = events.collect::<Vec<_>>().await.pop().unwrap();
    let (_, code, message) = refusal(last);
    assert_eq!(code, "INVALID_IMPORT");
    assert_eq!(
        message,
        "the upload broke off: the cable is out; import the file again, what is there already is kept"
    );
    assert_eq!(everybody(&client).await.len(), 5000, "the whole batches");
    let again = import(&client, &ImportQuery::default(), file.as_bytes()).await.unwrap();
    assert_eq!(again.counts(), [5500, 500, 0, 5000, 0, 0]);
}

async fn an_export_comes_back_as_it_was(App { client, .. }: App) {
    for (email, name, known) in [
        (
            "Ana@exämple.com",
            "Ana, \"la\nalta\"",
            json!({"age": 41, "likes": ["a", "b"], "remark": " =1+1 "}),
        ),
        ("bo@example.com", "", json!({"remark": "línea 1\nlínea 2", "vip": true})),
        ("cy@example.com", "Cy", json!({})),
    ] {
        let new = NewContactBody {
            name: Some(name.into()),
            timezone: Some("Asia/Tokyo".into()),
            attributes: attributes(known),
            ..contact(email)
        };
        client.create_contact(&new).await.unwrap();
    }
    let file = export(&client, ExportFormat::Csv).await;
    assert!(file.starts_with("email,name,language,timezone,age,likes,remark,vip\n"), "{file}");
    let before = json!(everybody(&client).await);
    let done = import(&client, &ImportQuery::default(), file.as_bytes()).await.unwrap();
    assert_eq!(done.counts(), [3, 0, 0, 3, 0, 0]);
    assert_eq!(json!(everybody(&client).await), before);

    let folder = tempfile::tempdir().unwrap();
    let fresh = App::given(DbUrl::Sqlite(folder.path().join("store.db"))).await.client;
    import(&fresh, &ImportQuery::default(), file.as_bytes()).await.unwrap();
    let again = export(&fresh, ExportFormat::Csv).await;
    assert_eq!(again, file.replace(" =1+1 ", "=1+1"));

    let lines = export(&client, ExportFormat::Ndjson).await;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(json!(lines), before);
}
