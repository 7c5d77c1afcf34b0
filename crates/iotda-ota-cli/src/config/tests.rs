//! Precedence, empty variables, and what an emulator ignores.

use clap::FromArgMatches;

use super::*;
use crate::args;

fn settings(line: &str, variables: &[(&str, &str)]) -> Result<Settings, Failure> {
    let matches = args::command().try_get_matches_from(line.split(' ')).unwrap();
    let cli = Cli::from_arg_matches(&matches).unwrap();
    let find = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value));
    Settings::read(&cli, Environment(&find), true)
}

fn service(line: &str, variables: &[(&str, &str)]) -> (Service, Vec<Problem>) {
    let settings = settings(line, variables).unwrap();
    match settings.place {
        Place::Service(service) => (*service, settings.problems),
        Place::Emulator(folder) => panic!("an emulator in {}", folder.display()),
    }
}

#[test]
fn a_flag_comes_before_its_variable_and_an_empty_variable_is_unset() {
    let variables = [
        ("IOTDA_OTA_REGION", "cn-south-1"),
        ("IOTDA_OTA_ENDPOINT", ""),
        ("IOTDA_OTA_TOKEN", "fake-token"),
        ("HUAWEICLOUD_SDK_AK", ""),
        ("HUAWEICLOUD_SDK_SK", ""),
        ("IOTDA_OTA_SIGNING", "derived"),
        ("HUAWEICLOUD_SDK_IAM_ENDPOINT", "https://iam.example.com"),
    ];
    let (service, problems) = service("iotda-ota package show id --region cn-north-4", &variables);
    assert_eq!(service.region.as_deref(), Some("cn-north-4"));
    assert_eq!(service.endpoint, None);
    assert_eq!(service.iam_endpoint.as_deref(), Some("https://iam.example.com"));
    assert_eq!(service.signing, Signing::Derived);
    assert!(service.credentials.unwrap().obs_key.is_none());
    assert!(problems.is_empty());
}

#[test]
fn the_address_that_official_sdks_know_of_a_region_comes_after_every_other() {
    let name = "HUAWEICLOUD_SDK_REGION_IOTDA_CN_NORTH_4";
    let variables = [(name, " https://one.example , https://two.example"), ("IOTDA_OTA_REGION", "cn-north-4")];
    let of_region = settings("iotda-ota package show id", &variables).unwrap();
    assert_eq!(of_region.origins.of("endpoint"), Some(name));
    let (service_of, _) = service("iotda-ota package show id", &variables);
    assert_eq!(service_of.endpoint.as_deref(), Some("https://one.example"));
    let given = [&variables[..], &[("IOTDA_OTA_ENDPOINT", "https://own.example")]].concat();
    assert_eq!(service("iotda-ota package show id", &given).0.endpoint.as_deref(), Some("https://own.example"));
    for variables in [&[(name, ","), ("IOTDA_OTA_REGION", "cn-north-4")][..], &[variables[0]]] {
        assert_eq!(service("iotda-ota package show id", variables).0.endpoint, None);
    }
}

#[test]
fn half_an_access_key_beside_a_token_is_a_problem_that_names_the_other_half() {
    for (given, missing) in [
        ("HUAWEICLOUD_SDK_AK", vec!["HUAWEICLOUD_SDK_SK"]),
        ("HUAWEICLOUD_SDK_SK", vec!["HUAWEICLOUD_SDK_AK"]),
        ("HUAWEICLOUD_SDK_SECURITY_TOKEN", vec!["HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"]),
    ] {
        let variables = [("IOTDA_OTA_TOKEN", "fake-token"), (given, "fake")];
        let (_, problems) = service("iotda-ota package show id", &variables);
        let fields: Vec<_> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, missing);
        assert!(!format!("{problems:?}").contains("fake"));
    }
}

#[test]
fn an_access_key_is_for_obs_alone_only_beside_a_token() {
    let pair = [("HUAWEICLOUD_SDK_AK", "FAKE"), ("HUAWEICLOUD_SDK_SK", "fake")];
    let (alone, _) = service("iotda-ota package show id", &pair);
    assert!(alone.credentials.unwrap().obs_key.is_none());
    let (beside, _) = service("iotda-ota package show id", &[&pair[..], &[("IOTDA_OTA_TOKEN", "fake-token")]].concat());
    assert!(beside.credentials.unwrap().obs_key.is_some());
}

#[test]
fn an_emulator_ignores_the_places_and_credentials_of_the_environment() {
    let variables = [
        ("IOTDA_OTA_EMULATOR", "1"),
        ("IOTDA_OTA_EMULATOR_DIR", "data"),
        ("IOTDA_OTA_ENDPOINT", "http://127.0.0.1:1"),
        ("IOTDA_OTA_BUCKET", "other-bucket"),
        ("IOTDA_OTA_OBS_REGION", "other-region"),
        ("IOTDA_OTA_CA_FILE", "missing.pem"),
        ("IOTDA_OTA_PROFILE", "missing"),
        ("IOTDA_OTA_SIGNING", "none"),
        ("HUAWEICLOUD_SDK_AK", "half"),
    ];
    let settings = settings("iotda-ota package show id", &variables).unwrap();
    assert!(matches!(&settings.place, Place::Emulator(folder) if folder.as_os_str() == "data"));
    assert_eq!((settings.bucket, settings.obs_region), (None, None));
    assert!(settings.problems.is_empty());
}

#[test]
fn an_emulator_refuses_flags_that_say_where_the_service_is() {
    for flag in [
        "--profile x",
        "--region x",
        "--endpoint x",
        "--obs-endpoint x",
        "--iam-endpoint x",
        "--project-id x",
        "--instance-id x",
        "--signing plain",
        "--ca-file x",
        "--plain-http",
    ] {
        let line = format!("iotda-ota --emulator --emulator-dir data package show id {flag}");
        let failure = settings(&line, &[]).unwrap_err();
        assert!(flag.starts_with(failure.message.split(' ').next().unwrap()), "{}", failure.message);
    }
}

#[test]
fn a_variable_with_an_unknown_value_is_a_problem() {
    let (_, problems) =
        service("iotda-ota package show id", &[("IOTDA_OTA_TIMEOUT", "soon"), ("IOTDA_OTA_MAX_ATTEMPTS", "0")]);
    let fields: Vec<_> = problems.iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(fields, ["IOTDA_OTA_TIMEOUT", "IOTDA_OTA_MAX_ATTEMPTS"]);
    // What else is needed depends on what this one means, so it is reported alone.
    let failure = settings("iotda-ota package show id", &[("IOTDA_OTA_EMULATOR", "yes")]).unwrap_err();
    assert_eq!(failure.violations.len(), 1);
    assert_eq!(failure.violations[0].field, "IOTDA_OTA_EMULATOR");
}

#[test]
fn state_is_kept_where_the_variable_says_else_with_what_it_belongs_to() {
    let show = "iotda-ota package show id";
    let emulated = "iotda-ota --emulator --emulator-dir data package show id";
    let state = |line: &str, variables: &[(&str, &str)]| settings(line, variables).unwrap().state_dir.unwrap();
    let named = [("IOTDA_OTA_STATE_DIR", "state")];
    assert_eq!(state(show, &named), Path::new("state"));
    assert_eq!(state(emulated, &named), Path::new("state"));
    assert_eq!(state(emulated, &[]), Path::new("data").join("client-state"));
}
