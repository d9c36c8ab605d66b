//! Records in CSV, from a client to the rows that are shown.

use super::harness::{Place, wait_for};

const PIPELINE: &str = r#"
[pipeline]
name = "orders"

[streams.orders]
format = "csv"

[streams.orders.columns]
id = "INTEGER NOT NULL"
name = "VARCHAR(20)"
price = "DECIMAL(8, 2)"

[streams.output]
format = "csv"
delimiter = "\t"

[queries.output]
from = "orders"
"#;

#[test]
fn every_row_of_a_record_counts_and_a_bad_one_is_kept_alone() {
    let place = Place::new(PIPELINE);
    let up = place.up(&[]);
    up.client.put("orders", "k", b"1,\"a, b\",1.50\r\nx,c,2\n2,,\n3,d\n").unwrap();
    up.client.put("orders", "k", b"{}").unwrap();
    wait_for("the rows", || (up.status()["queries"][0]["counters"]["bad"] == 3).then_some(()));
    wait_for("the rows", || (up.status()["queries"][0]["counters"]["rows"] == 2).then_some(()));
    up.stop();
    let shown = |format| place.output(&["tail", "--from", "earliest", "-o", format]);
    assert_eq!(shown("json"), "{\"id\":1,\"name\":\"a, b\",\"price\":1.50}\n{\"id\":2,\"name\":null,\"price\":null}\n");
    assert_eq!(shown("csv"), "id,name,price\n1,\"a, b\",1.50\n2,,\n");
    let errors = place.rows("error_stream");
    let of = |name: &str| errors.iter().map(|row| row[name].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(
        of("MESSAGE"),
        [
            "column `id`: \"x\" is not a INTEGER",
            "the row has 2 values, and the stream 3 columns",
            "the row has 1 values, and the stream 3 columns",
        ]
    );
    // In base64: the row alone, so that it can be repaired.
    assert_eq!(of("RAW"), ["eCxjLDI=", "Myxk", "e30="]);
}

#[test]
fn a_generator_writes_what_the_query_reads() {
    let fields = "[generators.orders]\nrate = \"500/s\"\nseed = 1\n[generators.orders.fields]\n\
                  id = { kind = \"sequence\" }\nname = { kind = \"choice\", of = [\"a,b\", \"c\\\"d\", \"e\"], null = 0.2 }\n\
                  price = { kind = \"uniform\", min = 1, max = 9 }\n";
    let place = Place::new(&format!("{PIPELINE}\n{fields}"));
    place.output(&["up", "--records", "200", "-o", "json"]);
    assert_eq!(place.rows("error_stream").len(), 0);
    assert_eq!(place.rows("output").len(), 200);
    let names: Vec<_> = place.rows("output").into_iter().map(|row| row["name"].as_str().map(str::to_owned)).collect();
    for name in [Some("a,b"), Some("c\"d"), Some("e"), None] {
        assert!(names.iter().any(|found| found.as_deref() == name), "{name:?}");
    }
}

#[test]
fn kinesis_data_analytics_gets_the_delimiter_and_writes_commas() {
    let target = "[targets.kda]\nstreams = \"kinesis\"\nengine = \"kinesis-sql\"\nregion = \"eu-central-1\"\n";
    let pipeline = |output: &str| {
        "[pipeline]\nname = \"sums\"\n[streams.orders]\nformat = \"csv\"\ndelimiter = \";\"\n\
         columns = { id = \"INTEGER\", name = \"VARCHAR(20)\" }\n[streams.output]\nformat = \"csv\"\nOUTPUT\n\
         [queries.output]\nfrom = \"orders\"\nwindow = { kind = \"tumbling\", size = \"10s\" }\ngroup_by = [\"name\"]\n\
         select = { n = \"COUNT(*)\" }\n"
            .replace("OUTPUT", output)
            + target
    };
    let place = Place::new(&pipeline(""));
    place.output(&["render", "--out", "out"]);
    let folder = place.path().join("out/kda");
    let texts = std::fs::read_dir(&folder).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let texts: String = texts.collect();
    let input = "RecordFormatType: CSV\n              MappingParameters:\n                CSVMappingParameters:\n                  \
                 RecordRowDelimiter: \"\\n\"\n                  RecordColumnDelimiter: \";\"\n            RecordColumns:\n              \
                 - Name: \"id\"\n                SqlType: \"INTEGER\"\n              - Name: \"name\"\n";
    assert!(texts.contains(input), "{texts}");
    assert!(texts.contains("DestinationSchema:\n          RecordFormatType: CSV\n"), "{texts}");

    let place = Place::new(&pipeline("delimiter = \"|\""));
    let done = place.pipe(&["render", "--out", "out"]);
    let said = "KDA writes CSV with commas only, and stream `output` has `|` between its values";
    assert!(done.stderr.contains(said), "{done:?}");
}
