//! What holds of every artifact.

use super::samples::{balance, hostile, target, ticker};
use super::*;

#[test]
fn dump() {
    for plan in [ticker(), balance(), hostile()] {
        let dir = std::env::var("RENDER_DUMP").unwrap();
        let mut flink = plan.clone();
        flink.target = target("flink", EngineKind::Flink);
        for (folder, assembly) in [
            ("aws", render(&plan).unwrap()),
            ("flink", render(&flink).unwrap()),
            ("kinesis-sql", render_kinesis_sql(&plan).unwrap()),
        ] {
            let to = std::path::Path::new(&dir).join(&plan.name).join(folder);
            std::fs::create_dir_all(&to).unwrap();
            for artifact in assembly.artifacts() {
                std::fs::write(to.join(artifact.path), &artifact.text).unwrap();
            }
            eprintln!("{folder} {:?}", assembly.omissions());
        }
    }
}
