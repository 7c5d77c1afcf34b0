//! The readable form, and which requests are struck.

use proptest::prelude::*;

use super::*;
use crate::operation::Operation;

const CREATE: Call = Call { service: Service::Iotda, operation: Some(Operation::CreateOtaPackage) };

fn struck(specs: &[&str], requests: usize) -> String {
    let faults = Faults::default();
    for spec in specs {
        faults.add(spec.parse().unwrap()).unwrap();
    }
    let letter = |decision: Option<Decision>| match decision.and_then(|decision| decision.kind) {
        Some(kind) => kind.name().chars().next().unwrap(),
        None => '.',
    };
    (0..requests).map(|_| letter(faults.decide(CREATE, || true))).collect()
}

#[test]
fn counts_choose_the_requests() {
    assert_eq!(struck(&["*:expire:times=2"], 5), "ee...");
    assert_eq!(struck(&["*:expire:skip=1,times=2"], 5), ".ee..");
    assert_eq!(struck(&["*:expire:every=2"], 5), "e.e.e");
    assert_eq!(struck(&["*:expire:every=2,skip=1,times=1"], 5), ".e...");
    assert_eq!(struck(&["*:expire:times=0"], 3), "...");
}

#[test]
fn a_seed_makes_chances_repeatable() {
    let chosen = struck(&["*:expire:probability=0.2,seed=7"], 1000);
    assert_eq!(chosen, struck(&["*:expire:probability=0.2,seed=7"], 1000));
    assert_ne!(chosen, struck(&["*:expire:probability=0.2,seed=8"], 1000));
    let hits = chosen.chars().filter(|c| *c == 'e').count();
    assert!((150..250).contains(&hits), "{hits}");
    assert_eq!(struck(&["*:expire:probability=0"], 100), ".".repeat(100));
}

#[test]
fn the_first_that_strikes_is_the_only_one() {
    assert_eq!(struck(&["create_ota_package:cut:times=1", "iotda:expire:times=1"], 3), "ce.");
    assert_eq!(struck(&["obs:cut", "list_ota_packages:cut"], 2), "..");
}

#[test]
fn delays_add_up_and_let_others_strike() {
    let faults = Faults::default();
    for spec in ["*:delay:for=1s", "iotda:delay:for=250ms", "*:throttle"] {
        faults.add(spec.parse().unwrap()).unwrap();
    }
    let decision = faults.decide(CREATE, || true).unwrap();
    assert_eq!(decision.delay, Duration::from_millis(1250));
    assert_eq!(decision.kind, Some(FaultKind::Throttle { status: 429, retry_after: None }));
    assert_eq!(decision.ids, [1, 2, 3]);
}

#[test]
fn what_cannot_expire_is_not_counted() {
    let faults = Faults::default();
    faults.add("*:expire".parse().unwrap()).unwrap();
    assert_eq!(faults.decide(CREATE, || false), None);
    assert_eq!(faults.list()[0].matched, 0);
}

#[test]
fn refusals_are_of_connections_only() {
    let faults = Faults::default();
    faults.add("obs:refuse:times=1".parse().unwrap()).unwrap();
    assert_eq!(faults.decide(CREATE, || true), None);
    assert!(!faults.refuses(Port::Iotda));
    assert!(faults.refuses(Port::Obs) && !faults.refuses(Port::Obs));
}

#[test]
fn removed_faults_strike_no_more() {
    let faults = Faults::default();
    let first = faults.add("*:cut".parse().unwrap()).unwrap();
    let second = faults.add("*:expire".parse().unwrap()).unwrap();
    assert!(faults.remove(first) && !faults.remove(first));
    assert_eq!(faults.decide(CREATE, || true).unwrap().ids, [second]);
    faults.clear();
    assert_eq!((faults.decide(CREATE, || true), faults.list()), (None, Vec::new()));
}

#[test]
fn refuses_what_it_cannot_read_and_says_what_to_write() {
    let cases = [
        ("", "OPERATION:KIND"),
        ("create:cut", "there are create_ota_package"),
        ("create_ota_pakage:cut", "did you mean \"create_ota_package\"?"),
        ("*:close", "there are delay, refuse"),
        ("*:throtle", "did you mean \"throttle\"?"),
        ("*:delay", "for=250ms"),
        ("*:close-before-commit", "close-before-commit needs for"),
        ("*:delay:for=2", "250ms or 2s"),
        ("*:delay:for=-1s", "250ms or 2s"),
        ("*:cut:probabilty=1", "did you mean \"probability\"?"),
        ("*:cut:for=1s", "cut has no setting \"for\""),
        ("*:cut:at=1,at=2", "at is given twice"),
        ("*:cut:at", "NAME=VALUE"),
        ("*:cut:probability=1.5", "from 0 to 1"),
        ("*:cut:probability=NaN", "from 0 to 1"),
        ("*:cut:every=0", "at least 1"),
        ("*:status:status=200", "from 400 to 599"),
        ("*:status:body=json", "there are error_code"),
        ("*:throttle:status=500", "429, 403 or 503"),
        ("create_ota_package:refuse", "close-before"),
        ("*:close-before:reset=1", "true or false"),
    ];
    for (text, expected) in cases {
        let error = text.parse::<Fault>().unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

fn scope() -> impl Strategy<Value = Scope> {
    let operations: Vec<Scope> = Operation::ALL.iter().copied().map(Scope::from).collect();
    prop_oneof![Just(Scope::Everything), Just(Scope::Service(Service::Obs)), prop::sample::select(operations)]
}

fn duration() -> impl Strategy<Value = Duration> {
    any::<u32>().prop_map(|milliseconds| Duration::from_millis(milliseconds.into()))
}

fn kind() -> impl Strategy<Value = FaultKind> {
    let plain = "[!-+\\--~]([ -+\\--~]*[!-+\\--~])?";
    let shape = prop::option::of(prop::sample::select(&ErrorShape::ALL[..]));
    let throttled = prop::sample::select(vec![429_u16, 403, 503]);
    prop_oneof![
        duration().prop_map(FaultKind::Delay),
        Just(FaultKind::Expire),
        (400_u16..600, shape, prop::option::of(plain)).prop_map(|(status, shape, code)| FaultKind::Status {
            status,
            shape,
            code
        }),
        (throttled, prop::option::of(plain))
            .prop_map(|(status, retry_after)| FaultKind::Throttle { status, retry_after }),
        any::<bool>().prop_map(|reset| FaultKind::CloseBefore { reset }),
        (duration(), any::<bool>()).prop_map(|(delay, reset)| FaultKind::CloseBeforeCommit { delay, reset }),
        any::<bool>().prop_map(|reset| FaultKind::CloseAfterCommit { reset }),
        any::<Option<u64>>().prop_map(|at| FaultKind::Cut { at }),
        (any::<Option<u64>>(), prop::option::of(duration())).prop_map(|(at, pause)| FaultKind::Stall { at, pause }),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    let times = any::<Option<u64>>();
    (scope(), kind(), any::<u64>(), 1_u64.., 0.0..=1.0_f64, any::<Option<u64>>(), times).prop_map(
        |(scope, kind, skip, every, probability, seed, times)| Fault {
            seed,
            times,
            ..Fault::new(scope, kind).skip(skip).every(every).probability(probability)
        },
    )
}

proptest! {
    #[test]
    fn every_fault_is_read_as_it_is_written(fault in fault()) {
        let text = fault.to_string();
        let read: Fault = text.parse().unwrap();
        prop_assert_eq!(&read, &fault);
        prop_assert_eq!(read.to_string(), text);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(create_ota_package|\\*|obs):[a-z-]{0,8}(:[a-z=,0-9.]{0,40})?|.{0,60}") {
        if let Ok(fault) = text.parse::<Fault>() {
            prop_assert_eq!(fault.to_string().parse::<Fault>(), Ok(fault));
        }
    }
}
