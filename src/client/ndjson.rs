//! Answers of a JSON value a line, read as they come.

use std::collections::VecDeque;

use axum::body::Bytes;
use axum::http::StatusCode;
use futures::{Stream, StreamExt as _, stream};
use serde::de::DeserializeOwned;

use super::{ANSWER_LIMIT, ClientError, ClientResult, broken};
use crate::api::ImportEvent;

/// The events of an import's answer. The one that says that the import stopped is an error, and so
/// is an answer that ends without its summary.
pub(super) fn events<S: DeserializeOwned + Send + 'static>(
    answer: impl Stream<Item = ClientResult<Bytes>> + Unpin,
) -> impl Stream<Item = ClientResult<ImportEvent<S>>> + Unpin {
    let state = Some((Lines::new(answer), false));
    Box::pin(stream::unfold(state, |state| async {
        let (mut lines, done) = state?;
        let event = match lines.next().await {
            None if done => return None,
            None => Err(broken("the import's answer broke off; import the file again")),
            Some(line) => line.and_then(|line| serde_json::from_slice(&line).map_err(broken)),
        };
        match event {
            Ok(ImportEvent::Error { error }) => {
                // The answer began before it was known.
                let status = match error.code.as_str() {
                    "IMPORT_CONFLICTS" => StatusCode::CONFLICT,
                    _ => StatusCode::INTERNAL_SERVER_ERROR,
                };
                Some((Err(ClientError::Refused { status, error: Box::new(error) }), None))
            }
            Ok(event) => {
                let done = matches!(event, ImportEvent::Summary(_));
                Some((Ok(event), Some((lines, done))))
            }
            Err(error) => Some((Err(error), None)),
        }
    }))
}

/// The lines of a stream of bytes.
struct Lines<A> {
    answer: A,
    whole: VecDeque<Vec<u8>>,
    begun: Vec<u8>,
}

impl<A: Stream<Item = ClientResult<Bytes>> + Unpin> Lines<A> {
    const fn new(answer: A) -> Self {
        Self { answer, whole: VecDeque::new(), begun: Vec::new() }
    }

    async fn next(&mut self) -> Option<ClientResult<Vec<u8>>> {
        loop {
            if let Some(line) = self.whole.pop_front() {
                return Some(Ok(line));
            }
            match self.answer.next().await? {
                Ok(piece) => self.take(&piece),
                Err(error) => return Some(Err(error)),
            }
            if self.begun.len() > ANSWER_LIMIT {
                return Some(Err(broken("a line of the answer is too long")));
            }
        }
    }

    fn take(&mut self, piece: &[u8]) {
        let mut parts = piece.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            self.begun.extend_from_slice(part);
            if parts.peek().is_some() {
                self.whole.push_back(std::mem::take(&mut self.begun));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ImportedListBody;

    async fn read(pieces: &[&'static str]) -> Vec<Result<String, String>> {
        let pieces: Vec<_> =
            pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect();
        let events = events::<ImportedListBody>(stream::iter(pieces));
        let show = |event: ClientResult<ImportEvent<ImportedListBody>>| {
            event.map(|event| format!("{event:?}")).map_err(|error| error.to_string())
        };
        events.map(show).collect().await
    }

    #[tokio::test]
    async fn an_import_ends_in_its_summary_or_in_an_error() {
        let progress = "Progress { rows: 1, bytes: 2 }".to_owned();
        assert_eq!(
            read(&[
                "{\"type\":\"progress\",\"rows\":1,\"by",
                "tes\":2}\n{\"type\":\"summary\",\"name\":\"a\",\"created\":true}\n",
            ])
            .await,
            [
                Ok(progress.clone()),
                Ok("Summary(ImportedListBody { name: \"a\", created: true })".to_owned()),
            ]
        );
        assert_eq!(
            read(&["{\"type\":\"progress\",\"rows\":1,\"bytes\":2}\n{\"ty"]).await,
            [Ok(progress), Err("the import's answer broke off; import the file again".to_owned()),]
        );
        assert_eq!(
            read(&["{\"type\":\"error\",\"error\":{\"code\":\"X\",\"message\":\"stopped\"}}\n"])
                .await,
            [Err("stopped".to_owned())]
        );
    }
}
