//! The command `auth`.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

pub(super) const EXAMPLES: &str = "\
Examples:
  # Which credentials are used, and do they work?
  iotda-ota auth status --region cn-north-4

  # Get a token for a user name and password, and keep the token only.
  iotda-ota auth login --username USER --domain ACCOUNT --region cn-north-4";

const STATUS: &str = "\
Sources are asked in this order, and the first that has credentials wins:
  IOTDA_OTA_TOKEN         an IAM token
  IOTDA_OTA_USERNAME      an IAM user, with IOTDA_OTA_PASSWORD and IOTDA_OTA_DOMAIN
  oidc-sts                an identity token of an OIDC provider, exchanged
  environment             HUAWEICLOUD_SDK_AK and _SK, for a temporary key _SECURITY_TOKEN
  profile                 the file ~/.huaweicloud/credentials of the official SDKs
  metadata                the agency of a cloud server (ECS); off with IOTDA_OTA_METADATA=off;
                          an address of this machine in it is asked instead
  pod-identity            the agency of a pod
  cached login            the token of auth login

Exit code 0 if they are accepted, 3 if there are none or they are refused.

Examples:
  iotda-ota auth status --region cn-north-4
  iotda-ota auth status --profile factory --format json";

const LOGIN: &str = "\
The password is asked on the terminal and not shown. Only the token is kept, in a file that only you can read, and \
for as long as IAM lets it live (24 hours). It is the last source of credentials to be asked, and counts only for the \
project and the IAM address that it was made for.

Examples:
  iotda-ota auth login --username USER --domain ACCOUNT --region cn-north-4
  pass show huawei | iotda-ota auth login --username USER --domain ACCOUNT \\
      --region cn-north-4 --password-stdin";

const LOGOUT: &str = "\
Examples:
  iotda-ota auth logout";

/// What is to be done about credentials.
#[derive(Debug, Subcommand)]
pub(crate) enum AuthCommand {
    /// Show which credentials are used and whether the service accepts them
    #[command(after_help = STATUS)]
    Status,
    /// Get a token for an IAM user name and password, and keep it
    #[command(after_help = LOGIN)]
    Login(LoginArgs),
    /// Forget the token that login kept
    #[command(after_help = LOGOUT)]
    Logout,
}

/// Who logs in.
#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// Name of the IAM user
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) username: String,
    /// Name of the account (domain) that the user belongs to
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) domain: String,
    /// Read the password from standard input: its first line, at most 4096 bytes
    #[arg(long)]
    pub(crate) password_stdin: bool,
}
