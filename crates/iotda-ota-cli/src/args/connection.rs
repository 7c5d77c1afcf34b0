//! Flags that say whom a command speaks to.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Addresses and names at the service.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionFlags {
    /// Section [profile.NAME] of config.toml in your configuration folder [$IOTDA_OTA_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Region id, such as cn-north-4; many have known addresses [$IOTDA_OTA_REGION]
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) region: Option<String>,
    /// Base address of IoTDA, which the console shows [$IOTDA_OTA_ENDPOINT]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Base address of OBS, without the bucket [$IOTDA_OTA_OBS_ENDPOINT]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) obs_endpoint: Option<String>,
    /// Region of the bucket, if it is not the one above [$IOTDA_OTA_OBS_REGION]
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) obs_region: Option<String>,
    /// OBS bucket that holds the files [$IOTDA_OTA_BUCKET]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) bucket: Option<String>,
    /// Base address of IAM; else that of the region [$HUAWEICLOUD_SDK_IAM_ENDPOINT]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) iam_endpoint: Option<String>,
    /// Project id; else IAM is asked by the name of the region [$HUAWEICLOUD_SDK_PROJECT_ID]
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) project_id: Option<String>,
    /// Instance id, for instances that share an address [$IOTDA_OTA_INSTANCE_ID]
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) instance_id: Option<String>,
    /// Request signing with an access key; auto looks at the endpoint [default: auto] [$IOTDA_OTA_SIGNING]
    #[arg(long, global = true, value_name = "SCHEME")]
    pub(crate) signing: Option<Signing>,
    /// Further certificates to trust, as a PEM file [$IOTDA_OTA_CA_FILE]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Allow http:// to other machines, where everybody on the way can read the credentials
    #[arg(long, global = true)]
    pub(crate) plain_http: bool,
    /// How long one attempt of a call may take [default: 60] [$IOTDA_OTA_TIMEOUT]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: Option<u64>,
    /// How often a request is tried that is safe to repeat [default: 4] [$IOTDA_OTA_MAX_ATTEMPTS]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) max_attempts: Option<u32>,
}

/// How requests to IoTDA are signed with an access key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Signing {
    #[default]
    #[value(alias = "any")]
    Auto,
    Plain,
    Derived,
}

impl ConnectionFlags {
    /// The given flags that say where the service is; an emulator has its own answers to all of them.
    pub(crate) fn places(&self) -> Vec<&'static str> {
        let given = [
            ("--profile", self.profile.is_some()),
            ("--region", self.region.is_some()),
            ("--endpoint", self.endpoint.is_some()),
            ("--obs-endpoint", self.obs_endpoint.is_some()),
            ("--iam-endpoint", self.iam_endpoint.is_some()),
            ("--project-id", self.project_id.is_some()),
            ("--instance-id", self.instance_id.is_some()),
            ("--signing", self.signing.is_some()),
            ("--ca-file", self.ca_file.is_some()),
            ("--plain-http", self.plain_http),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag).collect()
    }

    /// All given flags.
    pub(crate) fn all(&self) -> Vec<&'static str> {
        let others = [
            ("--obs-region", self.obs_region.is_some()),
            ("--bucket", self.bucket.is_some()),
            ("--timeout", self.timeout.is_some()),
            ("--max-attempts", self.max_attempts.is_some()),
        ];
        let mut flags = self.places();
        flags.extend(others.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag));
        flags
    }
}

/// The emulator inside the process.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Emulator")]
pub(crate) struct InProcessFlags {
    /// Run against an emulator inside the process [$IOTDA_OTA_EMULATOR=1]
    #[arg(long, global = true)]
    pub(crate) emulator: bool,
    /// Where it keeps its data; else below your data folder [$IOTDA_OTA_EMULATOR_DIR]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) emulator_dir: Option<PathBuf>,
}
