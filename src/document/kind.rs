//! Finding a kind in its table by the `kind` key.

use super::{Diagnostic, TableReader, help_for};

/// Takes `kind` and finds it among the names of a table; `what` is what messages call it, such as `field kind`.
pub fn find_kind<'t, K>(
    reader: &mut TableReader<'_>,
    what: &str,
    table: &'t [K],
    name: impl Fn(&K) -> &'static str,
) -> Option<&'t K> {
    let Some(value) = reader.optional("kind") else {
        let legal: Vec<String> = table.iter().map(|kind| format!("`{}`", name(kind))).collect();
        reader.missing("kind", Some(&format!("one of {}", legal.join(", "))));
        return None;
    };
    let text = value.text()?;
    let found = table.iter().find(|kind| name(kind) == text.value);
    if found.is_none() {
        reader.findings().add(
            Diagnostic::new(format!("{} has an unknown kind", reader.name()), text.span)
                .label(format!("not a {what}"))
                .help(help_for(&text.value, table.iter().map(&name).collect::<Vec<_>>())),
        );
    }
    found
}
