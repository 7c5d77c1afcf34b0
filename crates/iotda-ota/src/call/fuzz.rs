//! What the fuzz target `answer` reaches in here.

use url::Url;

use super::{Answer, Operation, Sent, body, outcome};
use crate::error::Error;
use crate::error::hints::Proof;
use crate::error::secrets::Secrets;

/// The errors that an answer would be, whatever its status, for an operation of each kind.
pub(crate) async fn errors(mut response: reqwest::Response) -> Vec<Error> {
    let (body, defect) = body::read(&mut response).await;
    let answer = Answer { status: response.status(), headers: response.headers().clone(), body, defect };
    let endpoint = Url::parse("https://iotda.example.com").expect("an address");
    let mut errors = Vec::new();
    for proof in [Proof::Token, Proof::Plain, Proof::Derived] {
        for (creates, names_one) in [(true, false), (false, true), (false, false)] {
            let operation = Operation { name: "fuzz", creates, names_one };
            let sent = Sent { endpoint: &endpoint, proof, body: None };
            errors.push(outcome::of_answer(operation, &sent, &answer, &Secrets::default()));
        }
    }
    errors
}
