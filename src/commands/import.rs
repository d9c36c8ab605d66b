//! `pipe import`

use std::fs;
use std::path::{Path, PathBuf};

use crate::deploy::aws;
use crate::document::Document;
use crate::error::Error;
use crate::import::{Entry, Imported, Request, Verdict, import};
use crate::ui::{Format, Ui, count, csv_line};

use super::locate::Loaded;

/// Bring a Kinesis Data Analytics SQL application over from its template, or from its API
///
/// Reads a `CloudFormation` template (YAML or JSON) with its streams, SQL applications, outputs and reference tables, writes a
/// pipeline file that runs, and says of each construct whether it is the same, different, unsupported, or was probably
/// never meant so. Where the SQL fits the declared form, that is written; else the SQL is kept in a file beside it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipe import template.yml\n  pipe import template.yml --sql app.sql --parameter Environment=prod\n  \
                  pipe import --application ticker --region eu-central-1 --out ticker.toml"
)]
pub(super) struct Args {
    /// The template
    #[arg(value_name = "TEMPLATE", required_unless_present = "application", conflicts_with = "application")]
    template: Option<PathBuf>,

    /// The SQL, where it is not in the template
    #[arg(long, value_name = "FILE")]
    sql: Option<PathBuf>,

    /// Where to write the pipeline
    #[arg(long, value_name = "FILE", default_value = "pipeline.toml")]
    out: PathBuf,

    /// The value of a parameter of the template, or of a pseudo parameter such as `AWS::StackName`
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter)]
    parameter: Vec<(String, String)>,

    /// Keep the SQL even where it fits the declared form
    #[arg(long)]
    keep_sql: bool,

    /// Read this application through the API instead of a template
    #[arg(long, value_name = "NAME")]
    application: Option<String>,

    /// The region of the application, or of the stack
    #[arg(long, value_name = "REGION")]
    region: Option<String>,

    /// Where the API is, if not on AWS
    #[arg(long, value_name = "URL", requires = "application")]
    endpoint_url: Option<String>,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(super) async fn run(args: &Args, ui: &Ui) -> Result<(), Error> {
    let template = match (&args.template, &args.application) {
        (Some(path), _) => read(path)?,
        (None, Some(name)) => described(name, args).await?,
        (None, None) => {
            return Err(Error::Usage {
                message: "there is nothing to import".to_owned(),
                hint: "name a template, or an application with --application".to_owned(),
            });
        }
    };
    let sql = args.sql.as_deref().map(read).transpose()?;
    let mut parameters = args.parameter.clone();
    parameters.extend(args.region.iter().map(|region| ("AWS::Region".to_owned(), region.clone())));
    let request = Request { template: &template, sql: sql.as_ref(), parameters: &parameters, keep_sql: args.keep_sql };
    let imported = import(&request).map_err(|found| Error::File { drawn: template.draw(&found, ui.color()) })?;
    write(&imported, &args.out, ui)?;
    tell(&imported.report, ui).map_err(Error::stdout)?;
    let checked = Loaded::open(&args.out, ui).and_then(|loaded| {
        let plans = loaded.plans(ui)?;
        loaded.check_tables(&plans[0], false, ui)
    });
    match checked {
        Ok(()) => {
            ui.note(&format!("{}: ok; `pipe up {}` runs it", args.out.display(), args.out.display()));
            Ok(())
        }
        Err(Error::File { drawn }) => {
            ui.error(&format!("{} was written, and needs your hand:", args.out.display()));
            Err(Error::Unfinished { drawn })
        }
        Err(other) => Err(other),
    }
}

fn read(path: &Path) -> Result<Document, Error> {
    let bytes = fs::read(path).map_err(|source| Error::read(path, source))?;
    let name = path.display().to_string();
    let text = String::from_utf8(bytes).map_err(|error| Error::File {
        drawn: format!("error: `{name}` is not UTF-8 from byte {}", error.utf8_error().valid_up_to()),
    })?;
    // A byte order mark is no part of the text.
    Ok(Document::new(name, text.strip_prefix('\u{feff}').unwrap_or(&text)))
}

async fn described(name: &str, args: &Args) -> Result<Document, Error> {
    let template = aws::describe_application(name, args.region.as_deref(), args.endpoint_url.as_deref()).await;
    template.map_err(|error| Error::Unavailable {
        message: format!("application `{name}` could not be read: {error}"),
        hint: "check its name and --region; where its template is at hand, import that".to_owned(),
    })
}

/// Writes the pipeline and the files beside it; none of them is written over.
fn write(imported: &Imported, out: &Path, ui: &Ui) -> Result<(), Error> {
    let folder = out.parent().unwrap_or(Path::new(""));
    let mut files = vec![(out.to_owned(), imported.pipeline.as_str())];
    files.extend(imported.files.iter().map(|(name, text)| (folder.join(name), text.as_str())));
    if let Some((taken, _)) = files.iter().find(|(path, _)| path.exists()) {
        return Err(Error::Usage {
            message: format!("`{}` is there already", taken.display()),
            hint: "name another place with --out, or move it away".to_owned(),
        });
    }
    if !folder.as_os_str().is_empty() {
        fs::create_dir_all(folder).map_err(|source| Error::write(folder, source))?;
    }
    for (path, text) in files {
        fs::write(&path, text).map_err(|source| Error::write(&path, source))?;
        ui.note(&format!("wrote {}", path.display()));
    }
    Ok(())
}

/// Tells what became of each construct: to a person on stderr, to a program on stdout.
fn tell(report: &[Entry], ui: &Ui) -> std::io::Result<()> {
    for verdict in Verdict::ALL {
        let entries: Vec<&Entry> = report.iter().filter(|entry| entry.verdict == verdict).collect();
        if entries.is_empty() {
            continue;
        }
        ui.note(&format!("\n{} ({})", verdict.word(), count(entries.len(), "construct", "constructs")));
        for entry in entries {
            let line = entry.line.map_or_else(String::new, |line| format!(" (line {line})"));
            ui.note(&format!("  {}{line}: {}", entry.construct, entry.detail));
            if let Some(help) = &entry.help {
                ui.note(&format!("      {help}"));
            }
        }
    }
    ui.note("");
    match ui.format() {
        Format::Table => Ok(()),
        Format::Json => report.iter().try_for_each(|entry| ui.data(&serde_json::to_string(entry)?)),
        Format::Csv => {
            let header = ["verdict", "construct", "detail", "help", "line"].map(str::to_owned);
            ui.data(&csv_line(&header))?;
            report.iter().try_for_each(|entry| {
                let line = entry.line.map_or_else(String::new, |line| line.to_string());
                let help = entry.help.clone().unwrap_or_default();
                let word = entry.verdict.word().to_owned();
                ui.data(&csv_line(&[word, entry.construct.clone(), entry.detail.clone(), help, line]))
            })
        }
    }
}
