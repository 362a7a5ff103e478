//! TLS: agreed on, refused, and not to be trusted.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::*;

const AUTHORITY: &str = include_str!("ca.pem");
/// Of `localhost`, by that authority, until the year 2126.
const CERTIFICATE: &str = include_str!("server.pem");
const KEY: &str = include_str!("server.key.pem");

fn acceptor() -> TlsAcceptor {
    let chain = vec![CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// A server with this certificate; a session is greeted in the clear first, if `starttls`.
async fn server(starttls: bool, script: Script) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let run = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        if starttls {
            let ehlo = ("EHLO", Say("250-test\r\n250-AUTH PLAIN\r\n250 STARTTLS"));
            let secured = ("STARTTLS", Say("220 go on"));
            converse(&mut stream, vec![ehlo, secured], true, &mut Vec::new()).await;
        }
        let mut taken = Vec::new();
        // a client that does not trust us leaves
        if let Ok(secure) = acceptor().accept(stream).await {
            let mut secure = BufReader::new(secure);
            converse(&mut secure, script, !starttls, &mut taken).await;
        }
        taken
    });
    Server { port, run }
}

/// Settings that trust `authority` and call the server `host`.
fn settings(
    server: &Server,
    tls: Tls,
    host: &str,
    authority: &tempfile::NamedTempFile,
) -> SmtpSettings {
    SmtpSettings {
        host: host.to_owned(),
        tls,
        ca_file: Some(authority.path().to_owned()),
        ..server.settings()
    }
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[tokio::test]
async fn a_mail_travels_in_private_both_ways() {
    let authority = file(AUTHORITY);
    for (tls, starttls) in [(Tls::Tls, false), (Tls::Starttls, true)] {
        let server = server(starttls, script(&[&[EHLO], &ACCEPTED, &[QUIT]])).await;
        let settings = settings(&server, tls, "localhost", &authority);
        let mut session = SmtpPublisher::new(settings).connect().await.unwrap();
        assert_eq!(send(&mut session, &parcel()).await, accepted());
        session.close().await;
        assert_eq!(server.taken().await.len(), 1);
    }
}

/// What was offered in the clear does not count: after STARTTLS nobody offers AUTH here.
#[tokio::test]
async fn what_was_said_in_the_clear_is_forgotten() {
    let authority = file(AUTHORITY);
    let server = server(true, vec![EHLO]).await;
    let settings = SmtpSettings {
        username: Some("user".to_owned()),
        password: Some(Secret::new("pass".to_owned())),
        ..settings(&server, Tls::Starttls, "localhost", &authority)
    };
    let error = SmtpPublisher::new(settings).connect().await.err().unwrap();
    assert!(error.to_string().contains("offers neither AUTH PLAIN nor AUTH LOGIN"), "{error}");
    server.taken().await;
}

#[tokio::test]
async fn a_certificate_that_proves_nothing_is_not_trusted() {
    let (authority, other) = (file(AUTHORITY), file(CERTIFICATE));
    let cases = [("127.0.0.1", &authority, "not valid for name"), ("localhost", &other, "")];
    for (host, authority, words) in cases {
        for (tls, starttls) in [(Tls::Tls, false), (Tls::Starttls, true)] {
            let server = server(starttls, vec![]).await;
            let settings = settings(&server, tls, host, authority);
            let error = SmtpPublisher::new(settings).connect().await.err().unwrap();
            assert!(matches!(error, ConnectError::Untrusted { .. }), "{host}: {error:?}");
            assert!(error.to_string().contains(words), "{host}: {error}");
            assert!(!error.is_temporary());
            server.taken().await;
        }
    }
}

#[tokio::test]
async fn a_file_of_certificates_is_one_or_said_to_be_none() {
    let server = Server::playing(vec![]).await;
    for (text, words) in [("banana", "there is no certificate in it"), ("", "no certificate")] {
        let authority = file(text);
        let settings = settings(&server, Tls::Tls, "localhost", &authority);
        let error = SmtpPublisher::new(settings).connect().await.err().unwrap();
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.is_temporary());
    }
}

#[tokio::test]
async fn starttls_is_offered_and_kept_or_nothing_is_sent() {
    let offer = ("EHLO", Say("250-test\r\n250 STARTTLS"));
    let cases = [
        (Say("454 4.7.0 not now"), "454 4.7.0 not now", true),
        (Say("554 5.7.3 no"), "554 5.7.3 no", false),
        (Say("220 go\r\n250 welcome"), "in the clear after STARTTLS", true),
        (HangUp, "hung up", true),
    ];
    for (act, words, temporary) in cases {
        let server = Server::playing(vec![vec![offer, ("STARTTLS", act)]]).await;
        let settings = SmtpSettings { tls: Tls::Starttls, ..server.settings() };
        let error = SmtpPublisher::new(settings).connect().await.err().unwrap();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.is_temporary(), temporary, "{error}");
        server.taken().await;
    }
}
