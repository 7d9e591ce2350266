//! Advertising marks within their limits.

use events::Mark;

use super::lead::without_nul;
use crate::domain::order::MAX_MARKS;
use crate::domain::text::{MARK_KEY_CHARS, MARK_VALUE_CHARS};

/// The marks that an order takes; of equal keys the last value counts.
pub(super) fn clean_marks(sent: Vec<Mark>, warnings: &mut Vec<String>) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    let (mut unnamed, mut cut, mut too_many) = (0, 0, 0);
    for Mark { key, value } in sent {
        let is_name = (1..=MARK_KEY_CHARS).contains(&key.chars().count())
            && !key.chars().any(char::is_control);
        if !is_name {
            unnamed += 1;
            continue;
        }
        let mut value = without_nul(&value);
        if let Some((end, _)) = value.char_indices().nth(MARK_VALUE_CHARS) {
            value.truncate(end);
            cut += 1;
        }
        if let Some(known) = marks.iter_mut().find(|mark| mark.key == key) {
            known.value = value;
        } else if marks.len() < MAX_MARKS {
            marks.push(Mark { key, value });
        } else {
            too_many += 1;
        }
    }
    let mut warn = |number: usize, what: &str| {
        if number > 0 {
            warnings.push(format!("{what}: {number}."));
        }
    };
    warn(unnamed, "Метки с недопустимым именем, в заказ не записаны");
    warn(
        cut,
        &format!("Значения меток, сокращённые до {MARK_VALUE_CHARS} знаков"),
    );
    warn(
        too_many,
        &format!("Метки сверх {MAX_MARKS}, в заказ не записаны"),
    );
    marks
}
