//! What operators do at the machine, on the stack at `AWS_ENDPOINT_URL`.

use audit::{Flaw, Verification, verify_chain};
use identity::{Email, IdentityError, Username, first_administrator};
use kernel::TenantId;
use platform::{ConfigError, Environment, Fields, Settings, TableError};

use crate::home::Home;

/// An operator's command failed.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The connection.
    #[error("the stack cannot be reached; set AWS_ENDPOINT_URL, AWS_REGION and the keys as absah up prints them")]
    Config(#[from] ConfigError),
    /// The account.
    #[error("the administrator could not be made")]
    Identity(#[from] IdentityError),
    /// The table.
    #[error("the table cannot be read")]
    Table(#[from] TableError),
}

/// Makes the first administrator of `tenant`, and returns the password that is good once. Personal fields are encrypted with
/// the keys of `FIELD_KEYS_FILE`, or with those of the data folder.
pub(crate) async fn create_administrator(
    settings: Settings,
    home: &Home,
    stack: &str,
    tenant: &TenantId,
    (username, email): (&Username, &Email),
) -> Result<String, AdminError> {
    let keys = home.field_keys_file().display().to_string();
    let settings = match settings.optional("FIELD_KEYS_FILE") {
        Some(_) => settings,
        None => settings.with("FIELD_KEYS_FILE", keys),
    };
    let environment = connect(settings, stack)?;
    let (table, fields) = (environment.table()?, Fields::connect(&environment)?);
    Ok(first_administrator(&environment, &table, &fields, tenant, username, email).await?)
}

/// Whether nobody changed what is recorded of `tenant`.
pub(crate) async fn verify_audit(
    settings: Settings,
    stack: &str,
    tenant: &TenantId,
) -> Result<Verification, AdminError> {
    let environment = connect(settings, stack)?;
    Ok(verify_chain(&environment.table()?, tenant, environment.now()).await?)
}

/// What is wrong with a row of the chain, for people.
pub(crate) fn describe(flaw: Flaw) -> &'static str {
    match flaw {
        Flaw::Altered => "isinya tidak seperti saat ditulis",
        Flaw::Missing => "baris ini hilang",
        Flaw::Inserted => "baris ini disisipkan",
        Flaw::Detached => "baris ini tidak menyambung dengan baris sebelumnya",
        Flaw::Head => "ujung rantai tidak cocok dengan baris terakhir",
    }
}

fn connect(settings: Settings, stack: &str) -> Result<Environment, ConfigError> {
    Environment::connect(settings.with("TABLE_NAME", format!("{stack}-main-table")))
}
