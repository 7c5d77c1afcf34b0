//! `--verbose`: one readable line for every attempt of a call, to whatever service.

use iotda_ota_emulator::{Fault, FaultKind, InstanceKind, Operation};
use serde_json::Value;

use crate::auth::login;
use crate::harness::{Home, publish, sample, service};
use crate::instance::Instance;
use crate::stub::Stub;

/// The operations in the lines of calls, each line in the one form that there is.
fn operations(stderr: &str) -> Vec<String> {
    let calls = stderr.lines().filter_map(|line| line.strip_prefix("call: "));
    calls
        .map(|call| {
            let words: Vec<_> = call.split(' ').collect();
            let [operation, method, "answered", status, "in", elapsed, "ms,", "request", "id", id] = words[..] else {
                panic!("{call}")
            };
            assert!(["GET", "POST", "PUT", "HEAD", "DELETE"].contains(&method), "{call}");
            assert!(status.parse::<u16>().is_ok() && elapsed.parse::<u64>().is_ok() && !id.is_empty(), "{call}");
            operation.to_owned()
        })
        .collect()
}

#[test]
fn calls_to_iotda_iam_and_obs_each_have_a_line() {
    let (home, instance, sample) = (Home::new(), Instance::start(InstanceKind::Any), sample());
    let mut variables = instance.and(&instance.user());
    variables.retain(|(name, _)| *name != "HUAWEICLOUD_SDK_PROJECT_ID");
    let run = home.run_with(&publish(&sample, &["--verbose"]), &variables).succeeded();
    let found = operations(&run.stderr);
    for operation in
        ["iam_create_token", "iam_create_temporary_key", "list_ota_packages", "create_ota_package", "show_ota_package"]
    {
        assert!(found.iter().any(|name| name == operation), "{operation}: {found:?}");
    }
    assert!(found.iter().any(|name| name.starts_with("obs_put")), "{found:?}");
    // Everything on standard error is such a line, or tells about the file.
    assert!(run.stderr.lines().all(|line| !line.contains("TRACE") && !line.contains("iotda_ota::")), "{}", run.stderr);

    let mut key = instance.and(&instance.pair());
    key.retain(|(name, _)| *name != "HUAWEICLOUD_SDK_PROJECT_ID");
    let run = home.run_with(&["auth", "status", "-v"], &key).succeeded();
    assert_eq!(operations(&run.stderr), ["iam_list_projects", "list_ota_packages"]);
    let place = [&instance.place()[..], &[("IOTDA_OTA_STATE_DIR", "state")]].concat();
    let run = login(&home, &place, "emulator-password\n", &["--password-stdin", "--verbose"]).succeeded();
    assert_eq!(operations(&run.stderr), ["iam_create_token"]);
}

#[test]
fn an_attempt_after_the_first_says_how_long_was_waited_and_why() {
    let stub = Stub::answering("503 Service Unavailable", "application/json", "{}");
    let run = Home::new().run_with(&["package", "show", "a", "--verbose"], &service(&stub.endpoint)).failed(7);
    let lines: Vec<_> = run.stderr.lines().filter(|line| line.starts_with("call: ")).collect();
    assert!(lines[0].starts_with("call: show_ota_package GET answered 503 in "), "{}", run.stderr);
    for (at, line) in lines.iter().enumerate().skip(1) {
        assert!(line.starts_with(&format!("call: show_ota_package GET, attempt {} after ", at + 1)), "{line}");
        assert!(line.contains(" ms because of: the service failed (HTTP 503); answered 503 in "), "{line}");
    }
    assert_eq!(lines.len(), 4);
}

#[test]
fn attempts_at_iam_say_the_same() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let list = ["package", "list", "--type", "firmware", "--verbose"];
    let user = instance.and(&instance.user());
    instance.emulator.faults().add("create_token:status:status=503,times=1".parse().unwrap()).unwrap();
    for command in [&list[..], &["auth", "status", "--verbose"]] {
        let run = home.run_with(command, &user).succeeded();
        let lines: Vec<_> = run.stderr.lines().filter(|line| line.starts_with("call: iam_create_token POST")).collect();
        let [first, second] = lines[..] else { panic!("{}", run.stderr) };
        assert!(first.starts_with("call: iam_create_token POST answered 503 in "), "{first}");
        assert!(second.starts_with("call: iam_create_token POST, attempt 2 after "), "{second}");
        assert!(second.contains(" ms because of: no credentials; answered 201 in "), "{second}");
        instance.emulator.faults().add("create_token:status:status=503,times=1".parse().unwrap()).unwrap();
    }
    instance.emulator.faults().clear();
    // The look-up of the project, and for programs.
    let mut key = instance.and(&instance.pair());
    key.retain(|(name, _)| *name != "HUAWEICLOUD_SDK_PROJECT_ID");
    instance.emulator.faults().add("list_projects:status:status=503,times=1".parse().unwrap()).unwrap();
    let run = home.run_with(&[&list[..], &["--format", "json"]].concat(), &key).succeeded();
    let calls: Vec<Value> = run.lines().into_iter().filter(|line| line["operation"] == "iam_list_projects").collect();
    assert_eq!((&calls[0]["attempt"], &calls[0]["because"]), (&1.into(), &Value::Null), "{}", run.stderr);
    assert_eq!((&calls[1]["attempt"], calls[1]["waited_ms"].is_u64()), (&2.into(), true), "{}", run.stderr);
    assert_eq!(calls[1]["because"], "the project id could not be looked up");
}

#[test]
fn attempts_at_obs_have_a_line_each_also_those_that_are_not_answered() {
    let (home, instance, sample) = (Home::new(), Instance::start(InstanceKind::Any), sample());
    for kind in [FaultKind::CloseBefore { reset: false }, FaultKind::CloseAfterCommit { reset: false }] {
        instance.emulator.clear_requests();
        instance.emulator.faults().add(Fault::new(Operation::PutObject, kind.clone()).times(1)).unwrap();
        let place = instance.and(&instance.pair());
        let key = format!("{}.bin", kind.name());
        let version = ["--object-key", key.as_str(), "--if-exists", "replace"];
        let run = home.run_with(&publish(&sample, &[&version[..], &["-v"]].concat()), &place).succeeded();
        let lines: Vec<_> = run.stderr.lines().filter(|line| line.starts_with("call: obs_put_object PUT")).collect();
        let [first, second] = lines[..] else { panic!("{}", run.stderr) };
        assert!(first.starts_with("call: obs_put_object PUT not answered in "), "{first}");
        assert!(second.starts_with("call: obs_put_object PUT, attempt 2 after "), "{second}");
        assert!(second.contains(" ms because of: the connection to http://127.0.0.1:"), "{second}");
        assert!(second.contains(" broke; answered 200 in "), "{second}");
        // No request is left out.
        let calls = run.stderr.lines().filter(|line| line.starts_with("call: ")).count();
        assert_eq!(calls, instance.emulator.requests().len(), "{}", run.stderr);
    }
}

#[test]
fn calls_are_lines_of_json_for_programs_also_when_nobody_answers() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let json = ["auth", "status", "--verbose", "--format", "json"];
    let run = home.run_with(&json, &instance.and(&instance.user())).succeeded();
    let calls: Vec<Value> = run.lines().into_iter().filter(|line| line["type"] == "call").collect();
    assert_eq!(calls.len(), 2, "{}", run.stderr);
    assert_eq!((&calls[0]["operation"], &calls[0]["status"]), (&"iam_create_token".into(), &201.into()));
    let mut away = instance.and(&instance.user());
    away.retain(|(name, _)| *name != "HUAWEICLOUD_SDK_IAM_ENDPOINT");
    away.push(("HUAWEICLOUD_SDK_IAM_ENDPOINT", "http://127.0.0.1:9"));
    let run = home.run_with(&json, &away);
    let first = run.lines().remove(0);
    assert_eq!((&first["operation"], &first["status"]), (&"iam_create_token".into(), &Value::Null));
    // The same for people.
    let run = home.run_with(&json[..3], &away);
    assert!(run.stderr.starts_with("call: iam_create_token POST not answered in "), "{}", run.stderr);
}
