//! One small file per mistake, named after it, with the whole of what `pipe check` says about it beside it.

use pipe::document::Document;
use pipe::plan::Plan;

#[test]
fn every_mistake_has_its_message() {
    insta::glob!("../invalid", "*.toml", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let document = Document::new(name, text);
        let found = Plan::check(&document).expect_err(name);
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../invalid");
        settings.set_prepend_module_to_snapshot(false);
        settings.remove_snapshot_suffix();
        settings.remove_input_file();
        settings.set_omit_expression(true);
        let stem = path.file_stem().unwrap().to_str().unwrap();
        settings.bind(|| insta::assert_snapshot!(stem, document.draw(&found, false)));
    });
}
