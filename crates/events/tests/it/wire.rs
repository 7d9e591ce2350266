//! Protobuf by hand, to build messages that the crate itself would not write.

pub(crate) fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap());
    bytes
}

pub(crate) fn integer(field: u64, number: u64) -> Vec<u8> {
    [varint(field << 3), varint(number)].concat()
}

pub(crate) fn block(field: u64, bytes: &[u8]) -> Vec<u8> {
    let length = u64::try_from(bytes.len()).unwrap();
    [&varint(field << 3 | 2), &varint(length), bytes].concat()
}

/// The fields of an event before its change.
pub(crate) fn head() -> Vec<u8> {
    [
        block(1, &[7; 16]),
        integer(2, 1),
        integer(3, 1),
        block(4, &integer(1, 1)),
    ]
    .concat()
}

/// An event with `change` as variant `field`.
pub(crate) fn event(field: u64, change: &[u8]) -> Vec<u8> {
    [head(), block(field, change)].concat()
}

/// An order's snapshot with the given stage.
pub(crate) fn order(stage: &[u8]) -> Vec<u8> {
    [integer(1, 42), stage.to_vec(), block(6, &integer(1, 5))].concat()
}

/// A stage as field 5 of an order's snapshot.
pub(crate) fn stage(kind: u64) -> Vec<u8> {
    block(5, &[integer(1, 12), integer(3, kind)].concat())
}
