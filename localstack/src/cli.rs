//! The command line of `absah`.

mod arguments;

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use audit::Verification;
use kernel::PublicUrl;
use platform::Settings;
use tokio::net::TcpListener;

use crate::admin::{AdminError, create_administrator, describe, verify_audit};
use crate::archive::{self, ArchiveError, Summary};
use crate::demo::client::{Client, ClientError};
use crate::demo::{self, DemoError};
use crate::home::{Home, HomeError};
use crate::journal;
use crate::redrive::{RedriveError, redrive};
use crate::stack::{DEMO_TENANT, Stack, StackError, StackOptions};
use crate::token::TokenError;
use arguments::{
    AdminCommand, ApproveArguments, AuditCommand, Command, CreateAdministratorArguments, DataArguments,
    RedriveArguments, UpArguments, VerifyAuditArguments,
};

pub use arguments::Arguments;
pub(crate) use arguments::DemoArguments;

const DEFAULT_ADDRESS: &str = "127.0.0.1:9000";
/// How long connections and work at hand may take to end.
const DRAIN: Duration = Duration::from_secs(10);
/// What the log holds unless `LOG_LEVEL` says otherwise. The S3 server logs every 404 as an error.
const LOG_LEVEL: &str = "warn,s3s=off";

/// The command could not be carried out.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("the data folder cannot be used")]
    Home(#[from] HomeError),
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] std::io::Error),
    #[error("{0} is not on loopback: the local stack speaks plain HTTP, so put a TLS proxy before it")]
    NotLoopback(SocketAddr),
    #[error("the stack did not start")]
    Stack(#[from] StackError),
    #[error("the demo failed")]
    Demo(#[from] DemoError),
    #[error("the token could not be made")]
    Token(#[from] TokenError),
    #[error("the document could not be approved")]
    Approve(#[from] ClientError),
    #[error("the dead letters stay where they are")]
    Redrive(#[from] RedriveError),
    #[error("the command could not be carried out")]
    Admin(#[from] AdminError),
    #[error("the backup failed")]
    Archive(#[from] ArchiveError),
    #[error("output failed")]
    Output(#[from] std::io::Error),
}

/// Carries out the command line. `0`: done; `1`: it failed, or a document did not end as it should.
pub async fn run(arguments: Arguments) -> ExitCode {
    match execute(arguments).await {
        Ok(code) => code,
        Err(error) => {
            // Without standard error there is nobody left to tell.
            let _nobody = writeln!(std::io::stderr(), "absah: {}", kernel::chain(&error));
            ExitCode::FAILURE
        }
    }
}

async fn execute(arguments: Arguments) -> Result<ExitCode, CliError> {
    match arguments
        .command
        .unwrap_or_else(|| Command::Demo(DemoArguments::default()))
    {
        Command::Demo(arguments) => run_demo(arguments).await,
        Command::Up(arguments) => up(arguments).await,
        Command::Roots(arguments) => {
            let roots = open(&arguments)?.roots()?;
            std::io::stdout().write_all(roots.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Approve(arguments) => approve(arguments).await,
        Command::Token(arguments) => {
            let token = open(&arguments)?.demo_token()?;
            writeln!(std::io::stdout(), "{token}")?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Redrive(arguments) => send_back(arguments).await,
        Command::Admin(AdminCommand::Create(arguments)) => create(arguments).await,
        Command::Audit(AuditCommand::Verify(arguments)) => verify_chain(arguments).await,
        Command::Backup(arguments) => {
            let made = archive::backup(&folder_of(&arguments.data), &arguments.file)?;
            report("Cadangan selesai", made)
        }
        Command::Restore(arguments) => {
            let restored = archive::restore(&arguments.file, &folder_of(&arguments.data))?;
            report("Pemulihan selesai", restored)
        }
    }
}

async fn run_demo(arguments: DemoArguments) -> Result<ExitCode, CliError> {
    let home = open(&arguments.data)?;
    start_log(&home)?;
    let listener = match arguments.listen {
        Some(address) => bind(address).await?,
        None => match bind(SocketAddr::from(([127, 0, 0, 1], 9000))).await {
            Ok(listener) => listener,
            Err(_taken) => bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?,
        },
    };
    let mut options = options(&home, None);
    // One official approves everything, faster than any person.
    let rates = (
        "RateLimits".to_owned(),
        r#"{"write":1000000,"tenant":1000000}"#.to_owned(),
    );
    options.parameters.extend([rates]);
    let stack = Stack::start(listener, options).await?;
    let token = home.demo_token()?;
    let all_well = tokio::select! {
        all_well = demo::run(&stack, &arguments, &token) => all_well?,
        () = interrupted() => return shut_down(stack, ExitCode::FAILURE).await,
    };
    if !arguments.exit {
        let endpoint = stack.endpoint();
        writeln!(std::io::stderr(), "\nMelayani di {endpoint} – berhenti dengan Ctrl-C.")?;
        interrupted().await;
    }
    let code = if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    shut_down(stack, code).await
}

async fn up(arguments: UpArguments) -> Result<ExitCode, CliError> {
    let home = open(&arguments.data)?;
    start_log(&home)?;
    let listener = bind(arguments.listen).await?;
    let mut options = options(&home, arguments.public_url);
    options.parameters.extend(arguments.inbox.parameters());
    let sends_mail = arguments.mail.smtp.is_some();
    options.parameters.extend(arguments.mail.parameters());
    let rates = arguments.rate_limits.map(|rates| ("RateLimits".to_owned(), rates));
    options.parameters.extend(rates);
    let proxy_secret = arguments.proxy_secret.map(|secret| ("ProxySecret".to_owned(), secret));
    options.parameters.extend(proxy_secret);
    let stack = Stack::start(listener, options).await?;
    let mut out = std::io::stdout();
    for (name, value) in home.connection(&stack.endpoint()) {
        writeln!(out, "export {name}={value}")?;
    }
    writeln!(out, "export ABSAH_WEBHOOK_TOKEN={}", home.webhook_token())?;
    // The AWS command line reads this name.
    writeln!(out, "export AWS_DEFAULT_REGION={}", crate::stack::REGION)?;
    out.flush()?;
    let mail = if sends_mail {
        ""
    } else {
        "Surel tidak dikirim, karena --smtp tidak diberikan.\n"
    };
    writeln!(
        std::io::stderr(),
        "\nSiap. Letakkan PDF: aws s3 cp izin.pdf s3://{}/{DEMO_TENANT}/loket/izin.pdf\nSetujui dokumen: absah approve ID\nPeriksa dokumen: {}/\n{mail}Berhenti dengan Ctrl-C.\n",
        stack.inbox_bucket,
        stack.endpoint()
    )?;
    tokio::select! {
        () = journal::keep(stack.events()) => {}
        () = interrupted() => {}
    }
    shut_down(stack, ExitCode::SUCCESS).await
}

/// Approves a document of a stack that runs, as the demo official.
async fn approve(arguments: ApproveArguments) -> Result<ExitCode, CliError> {
    let token = open(&arguments.data)?.demo_token()?;
    let endpoint = Settings::from_process()
        .optional("AWS_ENDPOINT_URL")
        .map_or_else(|| format!("http://{DEFAULT_ADDRESS}"), str::to_owned);
    Client::new(endpoint, token).approve(&arguments.id.to_string()).await?;
    Ok(ExitCode::SUCCESS)
}

async fn send_back(arguments: RedriveArguments) -> Result<ExitCode, CliError> {
    let settings = Settings::from_process();
    let moved = redrive(&settings, &arguments.stack, &arguments.queue, &arguments.reason).await?;
    let sentence = match moved {
        Some(audit) => format!("{} pesan dikembalikan ke {}.", audit.messages, audit.queue),
        None => format!("Tidak ada pesan yang tertahan untuk {}.", arguments.queue),
    };
    writeln!(std::io::stdout(), "{sentence}")?;
    Ok(ExitCode::SUCCESS)
}

async fn create(arguments: CreateAdministratorArguments) -> Result<ExitCode, CliError> {
    let CreateAdministratorArguments {
        tenant,
        username,
        email,
        stack,
        data,
    } = arguments;
    let settings = Settings::from_process();
    let password = create_administrator(settings, &open(&data)?, &stack, &tenant, (&username, &email)).await?;
    writeln!(std::io::stdout(), "{password}")?;
    writeln!(
        std::io::stderr(),
        "Kata sandi sekali pakai untuk administrator {tenant}; saat masuk pertama kali, kata sandi baru harus dipilih."
    )?;
    Ok(ExitCode::SUCCESS)
}

/// `0`: the chain is whole; `1`: it is not.
async fn verify_chain(arguments: VerifyAuditArguments) -> Result<ExitCode, CliError> {
    let VerifyAuditArguments { tenant, stack } = arguments;
    let mut out = std::io::stdout();
    match verify_audit(Settings::from_process(), &stack, &tenant).await? {
        Verification::Verified { rows, head } => {
            writeln!(out, "Rantai audit {tenant} utuh: {rows} baris, sidik jari {head}.")?;
            Ok(ExitCode::SUCCESS)
        }
        Verification::Broken { sequence, flaw } => {
            writeln!(
                out,
                "Rantai audit {tenant} rusak pada baris {sequence}: {}.",
                describe(flaw)
            )?;
            Ok(ExitCode::FAILURE)
        }
    }
}

fn report(what: &str, summary: Summary) -> Result<ExitCode, CliError> {
    let Summary { files, bytes, state } = summary;
    writeln!(
        std::io::stdout(),
        "{what}: {files} berkas, {bytes} byte, sidik jari {state}."
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Lets what is at work finish, for a while; a second interruption ends even that. What is on disk is whole at any moment.
async fn shut_down(stack: Stack, code: ExitCode) -> Result<ExitCode, CliError> {
    tokio::select! {
        () = stack.stop() => Ok(code),
        () = interrupted() => std::process::exit(130),
        () = tokio::time::sleep(DRAIN) => std::process::exit(i32::from(code != ExitCode::SUCCESS)),
    }
}

fn open(arguments: &DataArguments) -> Result<Home, HomeError> {
    Home::open(&folder_of(arguments))
}

fn folder_of(arguments: &DataArguments) -> PathBuf {
    let given = arguments.data.clone();
    given.unwrap_or_else(|| Home::default_folder(&Settings::from_process()))
}

fn options(home: &Home, public_url: Option<PublicUrl>) -> StackOptions {
    StackOptions {
        home: home.clone(),
        in_memory: false,
        public_url,
        parameters: std::collections::BTreeMap::new(),
        triggers: true,
        effect_hook: None,
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, CliError> {
    if !address.ip().is_loopback() {
        return Err(CliError::NotLoopback(address));
    }
    TcpListener::bind(address)
        .await
        .map_err(|error| CliError::Listen(address, error))
}

/// The log goes beside the data: the terminal belongs to the display.
fn start_log(home: &Home) -> Result<(), CliError> {
    let path = home.folder().join("absah.log");
    let file = std::fs::OpenOptions::new().create(true).append(true).open(&path);
    let file = file.map_err(|error| HomeError::File(path, error))?;
    platform::log_to(
        file,
        Settings::from_process().optional("LOG_LEVEL").unwrap_or(LOG_LEVEL),
    );
    Ok(())
}

/// Waits for Ctrl-C or a polite request to stop.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};

    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _interrupted = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
