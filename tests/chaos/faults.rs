//! What goes wrong: every kind of fault at IAM, IoTDA and OBS, together for about one request in five; or creates that are
//! carried out late.

use std::time::Duration;

use iotda_ota_emulator::{Fault, Faults};

/// The faults with the share of requests that each strikes; `*` stands for each of IoTDA, IAM and OBS. Kinds that
/// wait for the client's time limit are rarer, so that a run stays short.
const OFTEN: [(&str, f64); 27] = [
    ("*:status:status=500,body=error_code", 0.01),
    ("*:status:status=500,body=errorCode", 0.01),
    ("*:status:status=502,body=html", 0.01),
    ("*:status:status=503,body=nested", 0.01),
    ("*:status:status=503,body=code", 0.005),
    ("*:status:status=504,body=empty", 0.01),
    ("iotda:throttle:status=429", 0.01),
    ("iotda:throttle:status=429,retry-after=0", 0.005),
    ("iotda:throttle:status=429,retry-after=soon", 0.005),
    ("iotda:throttle:status=403", 0.01),
    ("obs:throttle:status=503", 0.01),
    ("put_object:throttle:status=403", 0.02),
    ("get_object:throttle:status=403", 0.02),
    ("obs:status:status=503,body=xml", 0.01),
    ("*:close-before", 0.01),
    ("*:close-before:reset=true", 0.01),
    ("*:close-after-commit", 0.02),
    ("*:close-after-commit:reset=true", 0.02),
    ("*:cut", 0.02),
    ("*:cut:at=1", 0.01),
    ("*:stall", 0.003),
    ("*:stall:for=20ms", 0.01),
    ("*:delay:for=20ms", 0.02),
    ("create_ota_package:close-after-commit", 0.02),
    ("iotda:refuse", 0.01),
    ("obs:refuse", 0.01),
    ("iotda:delay:for=4s", 0.001),
];

/// Faults that strike IAM and OBS once each: they are asked so rarely that chance might leave them alone.
const RARE: [&str; 14] = [
    "delay:for=20ms",
    "status:status=500,body=error_code",
    "status:status=500,body=errorCode",
    "status:status=502,body=html",
    "status:status=503,body=nested",
    "status:status=503,body=code",
    "status:status=504,body=empty",
    "throttle:status=429",
    "throttle:status=429,retry-after=0",
    "close-before",
    "close-before:reset=true",
    "close-after-commit",
    "close-after-commit:reset=true",
    "cut",
];

/// What else happens once: faults of single services, and of credentials, which are renewed after a refusal, but not time
/// and again. An answer to HEAD has no body, and so no code that tells throttling from another 403.
const ONCE: [&str; 10] = [
    "iam:throttle:status=403",
    "iam:stall",
    // The first that lets a token through.
    "iam:stall:for=20ms",
    "obs:stall:for=20ms",
    "put_object:throttle:status=403",
    "get_object:throttle:status=403",
    "obs:throttle:status=503",
    "obs:status:status=503,body=xml",
    "iotda:expire:skip=50",
    "put_object:expire:skip=4",
];

/// Switches them all on. Each has a sequence of its own, which the seed decides. Returns the ids of those that strike once.
pub(crate) fn switch_on(faults: &Faults, seed: u64) -> Vec<u64> {
    let rare = ["iam", "obs"].iter().flat_map(|service| RARE.iter().map(move |kind| format!("{service}:{kind}")));
    let once = rare.chain(ONCE.map(str::to_owned)).map(|text| add(faults, read(&text).times(1))).collect();
    let often = OFTEN.iter().flat_map(|(text, probability)| match text.strip_prefix("*:") {
        Some(kind) => ["iotda", "iam", "obs"].map(|service| (format!("{service}:{kind}"), *probability)).to_vec(),
        None => vec![((*text).to_owned(), *probability)],
    });
    for (index, (text, probability)) in often.enumerate() {
        add(faults, read(&text).probability(probability).seed(nth(seed, index)));
    }
    once
}

/// How a create is carried out after its connection broke.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Late {
    /// How long after that.
    pub(crate) delay: Duration,
    /// The share of creates that it strikes.
    probability: f64,
    /// How many such attempts of one create a call copes with.
    pub(crate) copes_with: usize,
}

/// What the policy of the callers waits at least before each look; it waits up to twice that.
pub(crate) const MOMENT: Duration = Duration::from_millis(1500);

/// Before the first look; after some of the first looks, but before the last one of a call that succeeds with its next
/// attempt, which comes after two moments; and after all of it. The emulator does not know when somebody looks, so this is
/// an order of times: both that have to be in time have more than a second left, on a machine with other loads.
pub(crate) const LATE: [Late; 3] = [
    Late { delay: Duration::from_millis(20), probability: 0.1, copes_with: usize::MAX },
    Late { delay: Duration::from_millis(1900), probability: 0.15, copes_with: 1 },
    Late { delay: Duration::from_secs(9), probability: 0.05, copes_with: 0 },
];

/// Switches them on, and returns the id of each.
pub(crate) fn switch_late_on(faults: &Faults, seed: u64) -> [u64; 3] {
    let mut ids = [0; 3];
    for (index, (id, late)) in ids.iter_mut().zip(LATE).enumerate() {
        let fault = read(&format!("create_ota_package:close-before-commit:for={}ms", late.delay.as_millis()));
        *id = add(faults, fault.probability(late.probability).seed(nth(seed, index)));
    }
    ids
}

fn nth(seed: u64, index: usize) -> u64 {
    seed.wrapping_mul(1_000).wrapping_add(index as u64)
}

fn read(text: &str) -> Fault {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn add(faults: &Faults, fault: Fault) -> u64 {
    faults.add(fault).expect("the fault is in order")
}
