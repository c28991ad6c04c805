//! What operators do at the machine, on the stack at `AWS_ENDPOINT_URL`.

use audit::{Flaw, Verification, verify_chain};
use kernel::TenantId;
use platform::{ConfigError, Environment, Settings, TableError};

/// An operator's command failed.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The connection.
    #[error("the stack cannot be reached; set AWS_ENDPOINT_URL, AWS_REGION and the keys as absah up prints them")]
    Config(#[from] ConfigError),
    /// The table.
    #[error("the table cannot be read")]
    Table(#[from] TableError),
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
