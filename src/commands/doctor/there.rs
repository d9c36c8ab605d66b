//! What a target needs that is not this machine.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::deploy::aws::{self, Jar};
use crate::deploy::flink::Gateway;
use crate::deploy::remote;
use crate::plan::{EngineKind, Plan};
use crate::streams::Log;
use crate::ui::count;

use super::check::Check;

/// How far a clock may be off: AWS takes a signature for five minutes (IAM user guide, "Signature Version 4"). Half of that
/// leaves time for the way.
const SKEW: Duration = Duration::from_secs(150);
/// How long an answer may take that only tells the time.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks at the account, its streams and their quota, the clock, and what an application is made of.
pub(super) async fn look(plan: &Plan, path: &Path) -> Vec<Check> {
    let mut checks = Vec::new();
    if plan.target.engine.is_on_aws() {
        checks.push(match aws::Account::of(&plan.target, false).await {
            Ok(account) => Check::good("credentials", account.to_string()),
            Err(error) => Check::failed("credentials", error),
        });
    }
    match remote::Account::of(&plan.target).await {
        Ok(account) => checks.extend(streams(plan, &account).await),
        Err(error) => checks.push(Check::failed("region", error)),
    }
    if plan.target.engine == EngineKind::ManagedFlink {
        let jar = Jar::of(&plan.target, path.parent().unwrap_or(Path::new("")));
        checks.push(match jar.bytes().await {
            Ok(bytes) => Check::good("jar", format!("{} is to be had: {} bytes", jar.name(), bytes.len())),
            Err(error) => Check::failed("jar", error),
        });
    }
    checks
}

async fn streams(plan: &Plan, account: &remote::Account) -> Vec<Check> {
    let place = account.place();
    let log = account.log();
    let listed = match log.list().await {
        Ok(listed) => listed,
        Err(error) => return vec![Check::failed("kinesis", error)],
    };
    let there = count(listed.len(), "stream", "streams");
    let mut checks = vec![Check::good("kinesis", format!("Kinesis answers in {place}: {there}"))];
    let missing = plan.kept_streams().filter(|stream| !listed.contains(&stream.name));
    let needed: u32 = missing.map(|stream| stream.capacity.initial_shards()).sum();
    checks.push(match log.limits().await {
        Ok((limit, open)) if open.saturating_add(needed) > limit => Check::bad(
            "quota",
            format!("{open} of {limit} shards are open, and {needed} more are needed"),
            "have \"shards per Region\" raised in Service Quotas, or remove streams",
        ),
        Ok((limit, open)) => {
            Check::good("quota", format!("{open} of {limit} shards are open, {needed} more are needed"))
        }
        Err(error) => {
            Check::odd("quota", format!("how many shards there may be is not known: {error}"), "see for yourself")
        }
    });
    let address = place.endpoint.clone().unwrap_or_else(|| format!("https://kinesis.{}.amazonaws.com", place.region));
    checks.extend(clock(&address).await);
    checks
}

/// Compares the clock with the one that an answer tells; nothing where it tells none.
async fn clock(address: &str) -> Option<Check> {
    let address = address.to_owned();
    let asked = tokio::task::spawn_blocking(move || {
        let agent = ureq::Agent::new_with_config(
            ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).build(),
        );
        let answer = agent.get(&address).call().ok()?;
        let date = answer.headers().get("date")?.to_str().ok()?.to_owned();
        DateTime::parse_from_rfc2822(&date).ok()
    });
    let theirs = asked.await.ok()??;
    let off = Utc::now().signed_duration_since(theirs).abs().to_std().unwrap_or(Duration::MAX);
    let shown = humantime::format_duration(Duration::from_secs(off.as_secs()));
    Some(if off > SKEW {
        let todo = "set the clock, as by `timedatectl set-ntp true`: AWS refuses signatures of another time";
        Check::bad("clock", format!("this machine's clock is {shown} off"), todo)
    } else {
        Check::good("clock", format!("this machine's clock is within {shown} of theirs"))
    })
}

/// Looks whether Flink's SQL gateway answers.
pub(super) async fn gateway(plan: &Plan) -> Check {
    let gateway = Gateway::at(&plan.target.gateway);
    let session = match gateway.open().await {
        Ok(session) => session,
        Err(error) => return Check::failed("gateway", error),
    };
    let answers = Check::good("gateway", format!("Flink's SQL gateway answers at {}", gateway.address()));
    session.close().await.map_or_else(|error| Check::failed("gateway", error), |()| answers)
}
