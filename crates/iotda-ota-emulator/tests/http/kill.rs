//! A process that is killed again and again under load, and what it had acknowledged.
//!
//! The emulator runs in a process of its own, which is this program once more: [`the_process_that_is_killed`] serves when it is told
//! a folder, and is an empty test otherwise. Three rounds are enough for every day; `IOTDA_OTA_KILL_ROUNDS` makes them
//! more.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http::Method;
use iotda_ota_emulator::Emulator;
use serde_json::{Value, json};

use crate::client::{Caller, http_client, minimal};

const FOLDER: &str = "IOTDA_OTA_KILL_FOLDER";
const ROUNDS: &str = "IOTDA_OTA_KILL_ROUNDS";
const CALLERS: usize = 16;

#[tokio::test]
async fn the_process_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let emulator = Emulator::builder().data_dir(folder).start().await.unwrap();
    println!("\nendpoint={}", emulator.endpoint());
    std::future::pending::<()>().await;
}

/// A process with an emulator, killed when it is dropped.
struct Victim {
    process: Child,
    endpoint: String,
}

impl Victim {
    fn start(folder: &Path) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["kill::the_process_that_is_killed", "--exact", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let endpoint = lines.map(Result::unwrap).find_map(|line| line.strip_prefix("endpoint=").map(str::to_owned));
        Self { process, endpoint: endpoint.expect("the process ended before it served") }
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        // On Unix this is SIGKILL.
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Ids of packages, by what was acknowledged last about them.
#[derive(Default)]
struct Acknowledged {
    created: BTreeSet<String>,
    deleted: BTreeSet<String>,
}

/// Creates and deletes until the emulator is gone; a package whose deletion was asked for and not acknowledged may be
/// there or not.
async fn work(endpoint: String, acknowledged: Arc<Mutex<Acknowledged>>, count: Arc<AtomicUsize>) {
    let http = http_client();
    let url = format!("{endpoint}/v5/iot/emulator-project/ota-upgrades/packages");
    let mut number = 0;
    loop {
        number += 1;
        let mut body = minimal("a.bin");
        body["description"] = json!("x".repeat(number % 50 * 20));
        let request = http.post(&url).header("X-Auth-Token", "emulator-token").json(&body);
        // Only the end of the process may end this.
        let Ok(answer) = request.send().await else { return };
        assert_eq!(answer.status(), 201);
        let Ok(body) = answer.json::<Value>().await else { return };
        let id = body["package_id"].as_str().unwrap().to_owned();
        acknowledged.lock().unwrap().created.insert(id.clone());
        count.fetch_add(1, Ordering::Relaxed);
        if number % 3 == 0 {
            acknowledged.lock().unwrap().created.remove(&id);
            let delete = http.delete(format!("{url}/{id}")).header("X-Auth-Token", "emulator-token");
            let Ok(answer) = delete.send().await else { return };
            assert_eq!(answer.status(), 204);
            acknowledged.lock().unwrap().deleted.insert(id);
        }
    }
}

#[tokio::test]
async fn no_acknowledged_write_is_lost_when_the_process_is_killed() {
    let rounds: usize = std::env::var(ROUNDS).map_or(3, |rounds| rounds.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let caller = Caller::of(Emulator::builder().data_dir(&data).start().await.unwrap());
    caller.upload("a.bin", b"firmware").await;
    caller.emulator.shutdown().await;

    let acknowledged = Arc::<Mutex<Acknowledged>>::default();
    for round in 1..=rounds {
        let victim = Victim::start(&data);
        let count = Arc::<AtomicUsize>::default();
        let work = (0..CALLERS).map(|_| work(victim.endpoint.clone(), Arc::clone(&acknowledged), Arc::clone(&count)));
        let workers: Vec<_> = work.map(tokio::spawn).collect();
        // Another moment in every round.
        while count.load(Ordering::Relaxed) < 40 + round * 37 % 200
            && workers.iter().any(|worker| !worker.is_finished())
        {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        drop(victim);
        for worker in workers {
            worker.await.unwrap();
        }
        assert!(count.load(Ordering::Relaxed) >= 40, "round {round}: the emulator did not answer");

        let caller = Caller::of(Emulator::builder().data_dir(&data).start().await.unwrap());
        let Acknowledged { created, deleted } = std::mem::take(&mut *acknowledged.lock().unwrap());
        for id in &created {
            assert_eq!(caller.show(id).await.0, 200, "round {round}: {id} is lost");
        }
        for id in &deleted {
            assert_eq!(caller.show(id).await.0, 404, "round {round}: {id} is back");
        }
        let object = caller.obs(Method::GET, "a.bin", &[], "").await;
        assert_eq!(object.text().await.unwrap(), "firmware");
        caller.emulator.reset().await.unwrap();
        caller.upload("a.bin", b"firmware").await;
        caller.emulator.shutdown().await;
        println!("round {round}: {} created and {} deleted, none lost", created.len(), deleted.len());
    }
}
