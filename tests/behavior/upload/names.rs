//! Services whose addresses change: journals know them by a name.

use support::{Fault, Proxy};

use super::resume::cut_after;
use super::{PART, Setup};

#[tokio::test]
async fn an_upload_goes_on_at_another_address_of_the_same_name() {
    for (name, sent) in [("the emulator", 3), ("another emulator", 6)] {
        let setup = Setup::new(6 * PART, cut_after(3)).await;
        let obs = setup.builder().state_name("the emulator").build().unwrap().obs().unwrap();
        setup.upload_by(&obs).send().await.unwrap_err();

        let moved = Proxy::start(setup.target.obs_endpoint(), |_| Fault::None).await;
        let builder = setup.builder().obs_endpoint(moved.endpoint());
        let obs = builder.state_name(name).build().unwrap().obs().unwrap();
        setup.upload_by(&obs).send().await.unwrap();
        assert_eq!(moved.count("PUT", "partNumber="), sent, "{name}");
    }
}
