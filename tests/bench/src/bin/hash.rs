//! Computes the SHA-256 of a file, with the same implementation and the same block size as the library.

use std::error::Error;
use std::fs::File;
use std::io::Read;

use iotda_ota_bench::{Meter, report};
use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: hash FILE")?;
    let meter = Meter::start();
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut block = vec![0; 1024 * 1024];
    loop {
        match file.read(&mut block)? {
            0 => break,
            read => digest.update(&block[..read]),
        }
    }
    let digits: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    report(meter.read(), [("sha256", digits.into())]);
    Ok(())
}
