//! Did you mean: the one rule of what is near enough to a name to be suggested.

/// Returns the word that is nearest to what was written, if any is near enough.
#[must_use]
pub fn closest<'a>(written: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = plain(written);
    let allowed = (written.chars().count() / 3).clamp(1, 3);
    let measured = words.into_iter().map(|word| (distance(&written, &plain(word)), word));
    measured.filter(|(steps, _)| *steps <= allowed).min_by_key(|(steps, _)| *steps).map(|(_, word)| word)
}

/// Case, `-` and `_` are the commonest slips: they count as nothing.
fn plain(word: &str) -> String {
    word.chars().take(100).filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
}

/// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut rows = vec![vec![0; right.len() + 1]; left.len() + 1];
    for i in 0..=left.len() {
        for j in 0..=right.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let differs = usize::from(left[i - 1] != right[j - 1]);
                let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + differs);
                let swapped = i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
                if swapped {
                    best = best.min(rows[i - 2][j - 2] + 1);
                }
                best
            };
        }
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        let words = ["topic", "role", "clientPrincipal", "bootstrapServers"];
        assert_eq!(closest("rôle", words), Some("role"));
        assert_eq!(closest("tpoic", words), Some("topic"));
        assert_eq!(closest("client_principal", words), Some("clientPrincipal"));
        assert_eq!(closest("bootstrap-servers", words), Some("bootstrapServers"));
        assert_eq!(closest("colour", words), None);
    }
}
