//! What goes wrong: every kind of fault, together for about one request in five.

use iotda_ota_emulator::Faults;

/// The faults of every request, with the share that each strikes. Kinds that wait for the client's time limit are rarer,
/// so that a run stays short.
const EVERYWHERE: [(&str, f64); 24] = [
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

/// Switches them all on. Each has a sequence of its own, which the seed decides.
pub(crate) fn switch_on(faults: &Faults, seed: u64) {
    for (index, (text, probability)) in EVERYWHERE.into_iter().enumerate() {
        let fault: iotda_ota_emulator::Fault = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        let fault = fault.probability(probability).seed(seed.wrapping_mul(1_000).wrapping_add(index as u64));
        faults.add(fault).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
    // Credentials are renewed after a refusal, but not time and again.
    let expire = "iotda:expire:times=1".parse().expect("the fault can be read");
    faults.add(expire).expect("the fault is in order");
}
