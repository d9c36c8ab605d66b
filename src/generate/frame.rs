//! The fixed text of a record: everything of its JSON but the values.

/// The text between the values: columns whose paths begin alike share an object, at the place of the first of them.
#[derive(Debug)]
pub(super) struct Frame {
    /// A text, and the column whose value follows it.
    pieces: Vec<(Vec<u8>, usize)>,
    end: Vec<u8>,
}

/// An object under construction.
type Members<'a> = Vec<(&'a str, Node<'a>)>;

enum Node<'a> {
    Value(usize),
    Object(Members<'a>),
}

impl Frame {
    /// Takes the path of each column. Fails with the two columns of which one lies at or inside the other.
    pub(super) fn new(paths: &[&[String]]) -> Result<Self, (usize, usize)> {
        let mut members = Members::new();
        for (column, path) in paths.iter().enumerate() {
            insert(&mut members, path, column).map_err(|other| (column, other))?;
        }
        let mut pieces = Vec::new();
        let mut end = Vec::new();
        flatten(&members, &mut end, &mut pieces);
        Ok(Self { pieces, end })
    }

    /// Writes a record of the values of its columns.
    pub(super) fn write<'v>(&self, value: impl Fn(usize) -> &'v [u8], record: &mut Vec<u8>) {
        for (text, column) in &self.pieces {
            record.extend_from_slice(text);
            record.extend_from_slice(value(*column));
        }
        record.extend_from_slice(&self.end);
    }
}

/// Puts a column in its place; fails with the column that is there already.
fn insert<'a>(members: &mut Members<'a>, path: &'a [String], column: usize) -> Result<(), usize> {
    let Some((name, rest)) = path.split_first() else {
        return members.first().map_or(Ok(()), |(_, node)| Err(any(node)));
    };
    let found = members.iter_mut().find(|(member, _)| member == name);
    match (found, rest) {
        (None, []) => members.push((name, Node::Value(column))),
        (None, rest) => {
            let mut inner = Members::new();
            insert(&mut inner, rest, column)?;
            members.push((name, Node::Object(inner)));
        }
        (Some((_, Node::Object(inner))), rest @ [_, ..]) => insert(inner, rest, column)?,
        (Some((_, node)), _) => return Err(any(node)),
    }
    Ok(())
}

/// Returns a column that lies in a node; no object is empty.
fn any(node: &Node<'_>) -> usize {
    match node {
        Node::Value(column) => *column,
        Node::Object(members) => members.first().map_or(0, |(_, node)| any(node)),
    }
}

/// Writes members up to each value as a piece, and leaves in `text` what follows the last one.
fn flatten(members: &Members<'_>, text: &mut Vec<u8>, pieces: &mut Vec<(Vec<u8>, usize)>) {
    text.push(b'{');
    for (at, (name, node)) in members.iter().enumerate() {
        if at > 0 {
            text.push(b',');
        }
        serde_json::to_writer(&mut *text, name).expect("writing to memory does not fail");
        text.push(b':');
        match node {
            Node::Value(column) => pieces.push((std::mem::take(text), *column)),
            Node::Object(inner) => flatten(inner, text, pieces),
        }
    }
    text.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(paths: &[&str]) -> Result<String, (usize, usize)> {
        let paths: Vec<Vec<String>> = paths.iter().map(|path| path.split('.').map(str::to_owned).collect()).collect();
        let frame = Frame::new(&paths.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
        let values: Vec<String> = (0..paths.len()).map(|column| column.to_string()).collect();
        let mut record = Vec::new();
        frame.write(|column| values[column].as_bytes(), &mut record);
        Ok(String::from_utf8(record).expect("UTF-8"))
    }

    #[test]
    fn paths_that_begin_alike_share_an_object() {
        assert_eq!(written(&["a", "b"]).as_deref(), Ok(r#"{"a":0,"b":1}"#));
        assert_eq!(written(&["q.p", "x", "q.r.s", "q.r.t"]).as_deref(), Ok(r#"{"q":{"p":0,"r":{"s":2,"t":3}},"x":1}"#));
        assert_eq!(written(&["a\"\\"]).as_deref(), Ok(r#"{"a\"\\":0}"#));
        assert_eq!(written(&[]).as_deref(), Ok("{}"));
    }

    #[test]
    fn paths_that_hold_each_other_are_refused() {
        assert_eq!(written(&["x", "q", "q.p"]), Err((2, 1)));
        assert_eq!(written(&["x", "q.p", "q"]), Err((2, 1)));
        assert_eq!(written(&["q.p", "q.p"]), Err((1, 0)));
    }
}
