//! Of several packages that are the same one stays, and whoever created one learns which.

use std::sync::Mutex;

use support::{Answer, Received, impatient};

use super::{Create, ID, OTHER, Service, failed, id_of, shown};
use crate::secrets::Log;

#[tokio::test]
async fn what_is_never_settled_is_a_success_with_a_warning() {
    // An older one is there whenever it is looked for, and gone when it is looked at once more.
    let (posts, shows) = (Mutex::new(0), Mutex::new(0));
    let service = Service::with([Create::Not(failed(500)), Create::Done(ID)], move |request| {
        let other = shown(OTHER, "20250101T000000Z", "x.bin");
        match request.method.as_str() {
            "POST" => {
                *posts.lock().unwrap() += 1;
                None
            }
            _ if *posts.lock().unwrap() < 2 => None,
            "GET" if request.target.contains('?') => {
                Some(Answer::new(200, format!(r#"{{"packages":[{other}],"page":{{"count":1}}}}"#)))
            }
            "GET" if request.target.ends_with(OTHER) => {
                let mut shows = shows.lock().unwrap();
                *shows += 1;
                Some(if *shows % 2 == 1 { Answer::new(200, other) } else { Answer::new(404, "") })
            }
            _ => None,
        }
    })
    .await;
    let package = service.send(impatient()).await.unwrap();
    assert!(package.package_id == ID && !package.is_found());
    let warnings: Vec<_> = package.warnings().iter().map(|warning| warning.message.as_str()).collect();
    assert!(warnings.len() == 1 && warnings[0].contains("others came and went"), "{warnings:?}");
    assert!(!service.methods().contains('D'));
}

#[tokio::test]
async fn of_two_that_a_repeated_create_made_the_older_stays() {
    // The look after the first attempt does not show it yet.
    let looks = Mutex::new(0);
    let early = move |request: &Received| {
        let is_list = request.method == "GET" && request.target.contains('?');
        *looks.lock().unwrap() += u32::from(is_list);
        (is_list && *looks.lock().unwrap() == 1).then(|| Answer::new(200, r#"{"packages":[]}"#))
    };
    let service = Service::with([Create::Lost(OTHER, Answer::nothing()), Create::Done(ID)], early).await;
    let package = service.send(impatient()).await.unwrap();
    assert_eq!(package.package_id, OTHER);
    assert!(package.is_found() && package.attempts() == 2 && package.warnings().is_empty());
    let requests = service.stub.received();
    let deleted: Vec<_> = requests.iter().filter(|request| request.method == "DELETE").map(id_of).collect();
    assert_eq!(deleted, [ID], "the one that this call made");
}

#[tokio::test]
async fn an_older_one_of_our_own_gives_way_to_one_that_came_late_and_stays() {
    // The first attempt is carried out after the second one, so it is the younger.
    let (late, posts) = (Mutex::new(None::<bool>), Mutex::new(0));
    let service = Service::with([Create::Done(ID)], move |request| {
        let mut late = late.lock().unwrap();
        match request.method.as_str() {
            "POST" => {
                *posts.lock().unwrap() += 1;
                (*posts.lock().unwrap() == 1).then(Answer::nothing)
            }
            "DELETE" => {
                *late = Some(true);
                None
            }
            "GET" if request.target.contains('?') && *posts.lock().unwrap() == 2 => {
                let mine = if late.is_some() { String::new() } else { shown(ID, "20260101T000000Z", "x.bin") + "," };
                let other = shown(OTHER, "20260101T000009Z", "x.bin");
                Some(Answer::new(200, format!(r#"{{"packages":[{mine}{other}]}}"#)))
            }
            "GET" if request.target.ends_with(OTHER) => {
                Some(Answer::new(200, shown(OTHER, "20260101T000009Z", "x.bin")))
            }
            _ => None,
        }
    })
    .await;
    let package = service.send(impatient()).await.unwrap();
    assert_eq!(package.package_id, OTHER);
    assert!(service.methods().contains('D'));
}

#[tokio::test]
async fn one_of_two_always_stays_even_when_the_other_goes_at_the_same_moment() {
    // An older one of somebody else is there after the second attempt, and gone as soon as ours was deleted for it.
    const FOREIGN: &str = "1111af50fc9452aa0ed5ea25c3cc3d32";
    let (posts, deleted) = (Mutex::new(0), Mutex::new(false));
    let creates = [Create::Not(Answer::nothing()), Create::Done(ID), Create::Done(OTHER)];
    let service = Service::with(creates, move |request| {
        let (mut posts, mut deleted) = (posts.lock().unwrap(), deleted.lock().unwrap());
        *posts += u32::from(request.method == "POST");
        *deleted |= request.method == "DELETE";
        let foreign = shown(FOREIGN, "20250101T000000Z", "x.bin");
        match *posts == 2 && !*deleted {
            true if request.target.contains('?') => {
                let mine = shown(ID, "20260101T000000Z", "x.bin");
                Some(Answer::new(200, format!(r#"{{"packages":[{mine},{foreign}]}}"#)))
            }
            true if request.target.ends_with(FOREIGN) => Some(Answer::new(200, foreign)),
            _ => None,
        }
    })
    .await;
    Log::start();
    let package = service.send(impatient()).await.unwrap();
    let log = Log::end();
    let last = log.lines().rfind(|line| line.contains("method=POST")).unwrap();
    assert!(last.contains("attempt=3") && last.contains(r#"because="what was created gave way"#), "{last}");
    assert!(last.contains("waited_ms=0"), "{last}");
    assert_eq!(package.package_id, OTHER, "{}", service.methods());
    assert_eq!(service.methods().matches('C').count(), 3);
}
