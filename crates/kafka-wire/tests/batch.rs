//! Batches built, read back, cut, bent and rewritten.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use bytes::{BufMut, Bytes, BytesMut};
use kafka_wire::batch::{
    BATCH_OVERHEAD, Batch, BatchBuilder, BatchError, BatchHeader, BatchOptions, Batches, Compression, ControlType,
    DEFAULT_MAX_DECOMPRESSED, NO_PRODUCER, ProducerState, Record, TimestampType, assign_offsets, control_batch,
    set_log_append_time, set_producer, split,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

const LIMIT: usize = DEFAULT_MAX_DECOMPRESSED;

type Header = (Vec<u8>, Option<Vec<u8>>);

#[derive(Debug, Clone, PartialEq)]
struct Input {
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<Header>,
}

impl Input {
    fn value(timestamp: i64, value: &[u8]) -> Self {
        Input { timestamp, key: None, value: Some(value.to_vec()), headers: vec![] }
    }

    fn headers(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> + Clone {
        self.headers.iter().map(|(key, value)| (&key[..], value.as_deref()))
    }
}

impl From<Record> for Input {
    fn from(record: Record) -> Self {
        let owned = |(key, value): (&[u8], Option<&[u8]>)| (key.to_vec(), value.map(<[u8]>::to_vec));
        assert_eq!(record.headers.len(), record.headers.iter().count());
        for ((key, value), (key_bytes, value_bytes)) in record.headers.iter().zip(record.headers.iter_bytes()) {
            assert_eq!((key, value), (&key_bytes[..], value_bytes.as_deref()));
        }
        Input {
            timestamp: record.timestamp,
            key: record.key.map(Vec::from),
            value: record.value.map(Vec::from),
            headers: record.headers.iter().map(owned).collect(),
        }
    }
}

fn options(compression: Compression) -> BatchOptions {
    BatchOptions { compression, ..BatchOptions::default() }
}

fn builder(compression: Compression, inputs: &[Input]) -> BatchBuilder {
    let mut builder = BatchBuilder::new(options(compression));
    for input in inputs {
        builder.append(input.timestamp, input.key.as_deref(), input.value.as_deref(), input.headers()).unwrap();
    }
    builder
}

fn build(compression: Compression, inputs: &[Input]) -> Bytes {
    builder(compression, inputs).finish(None, false).unwrap()
}

fn read(bytes: &Bytes) -> Vec<Input> {
    let batch = Batch::new(bytes.clone()).unwrap();
    batch.check_crc().unwrap();
    let base = batch.header().base_offset;
    let records: Vec<Record> = batch.records(LIMIT).unwrap().map(Result::unwrap).collect();
    for (i, record) in records.iter().enumerate() {
        assert_eq!(record.offset, base + i as i64);
    }
    records.into_iter().map(Input::from).collect()
}

/// Reads all there is, whatever it is: must end and must not panic.
fn read_anything(bytes: Bytes) {
    for batch in Batches::new(bytes).flatten() {
        let _ = batch.check_crc();
        let _ = batch.control_type();
        let _ = split(&batch, BatchOptions::default(), 100, 1 << 20);
        let Ok(mut records) = batch.records(1 << 20) else { continue };
        let mut again = records.clone();
        while let Some(view) = again.next_view() {
            let Ok(view) = view else { break };
            let _ = view.headers.count();
        }
        for record in records.by_ref().flatten() {
            let _ = record.headers.iter().count();
        }
        assert_eq!(records.left(), 0);
    }
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => vec(any::<u8>(), 0..20),
        // Compressible, across the block sizes of the codecs.
        1 => (any::<u8>(), 0_usize..100_000).prop_map(|(byte, len)| vec![byte; len]),
    ]
}

fn any_input() -> impl Strategy<Value = Input> {
    let header =
        (prop_oneof![Just(b"dup".to_vec()), Just(vec![]), vec(any::<u8>(), 0..5)], option::of(vec(any::<u8>(), 0..5)));
    let timestamp = prop_oneof![4 => 1_700_000_000_000_i64..1_700_000_100_000, 1 => any::<i64>(), 1 => Just(-1)];
    (timestamp, option::of(any_bytes()), option::of(any_bytes()), vec(header, 0..5))
        .prop_map(|(timestamp, key, value, headers)| Input { timestamp, key, value, headers })
}

fn any_codec() -> impl Strategy<Value = Compression> {
    prop::sample::select(&Compression::ALL[..])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn round_trip(codec in any_codec(), inputs in vec(any_input(), 1..20)) {
        let bytes = build(codec, &inputs);
        let header = Batch::new(bytes.clone()).unwrap().header().clone();
        prop_assert_eq!(header.count as usize, inputs.len());
        prop_assert_eq!(header.last_offset_delta as usize, inputs.len() - 1);
        prop_assert_eq!(header.base_timestamp, inputs[0].timestamp);
        prop_assert_eq!(header.max_timestamp, inputs.iter().map(|i| i.timestamp).max().unwrap().max(-1));
        prop_assert_eq!(header.compression(), Ok(codec));
        prop_assert_eq!(header.producer, NO_PRODUCER);
        prop_assert_eq!(read(&bytes), inputs);
    }

    #[test]
    fn views_are_the_records(codec in any_codec(), inputs in vec(any_input(), 1..10)) {
        let batch = Batch::new(build(codec, &inputs)).unwrap();
        let mut records = batch.records(LIMIT).unwrap();
        let mut seen = Vec::new();
        while let Some(view) = records.next_view() {
            let view = view.unwrap();
            seen.push(Input {
                timestamp: view.timestamp,
                key: view.key.map(<[u8]>::to_vec),
                value: view.value.map(<[u8]>::to_vec),
                headers: view.headers.map(|(k, v)| (k.to_vec(), v.map(<[u8]>::to_vec))).collect(),
            });
        }
        prop_assert_eq!(seen, inputs);
    }

    #[test]
    fn size_is_known_before(inputs in vec(any_input(), 1..20)) {
        let mut builder = BatchBuilder::new(options(Compression::None));
        for input in &inputs {
            let (key, value) = (input.key.as_deref(), input.value.as_deref());
            let bound = builder.size_after(key.map_or(0, <[u8]>::len), value.map_or(0, <[u8]>::len), input.headers());
            builder.append(input.timestamp, key, value, input.headers()).unwrap();
            prop_assert!(builder.size() <= bound, "{} <= {bound}", builder.size());
            prop_assert!(builder.size() + 21 >= bound);
        }
        let size = builder.size();
        prop_assert_eq!(builder.finish(None, false).unwrap().len(), size);
    }

    #[test]
    fn cut_anywhere_is_ignored(codec in any_codec(), inputs in vec(any_input(), 1..4), cut: prop::sample::Index) {
        let whole = build(codec, &inputs);
        let cut = cut.index(whole.len());
        let mut bytes = BytesMut::from(&whole[..]);
        bytes.extend_from_slice(&whole[..cut]);
        let mut batches = Batches::new(bytes.freeze());
        prop_assert_eq!(batches.by_ref().map(|b| read(b.unwrap().bytes())).collect::<Vec<_>>(), vec![inputs]);
        prop_assert_eq!(batches.remaining().len(), cut);
        read_anything(whole.slice(..cut));
        // The same with a length that claims the cut batch is whole.
        if cut > 61 {
            let mut lying = BytesMut::from(&whole[..cut]);
            lying[8..12].copy_from_slice(&(cut as i32 - 12).to_be_bytes());
            read_anything(lying.freeze());
        }
    }

    #[test]
    fn a_flipped_bit_is_noticed_and_harmless(
        codec in any_codec(), inputs in vec(any_input(), 1..4), at: prop::sample::Index, bit in 0_u8..8,
    ) {
        let whole = build(codec, &inputs);
        let at = at.index(whole.len());
        let mut bent = BytesMut::from(&whole[..]);
        bent[at] ^= 1 << bit;
        let bent = bent.freeze();
        read_anything(bent.clone());
        // Everything but offset and leader epoch (not covered) is noticed.
        if at >= 16 || (8..12).contains(&at) {
            let noticed = Batch::new(bent).and_then(|batch| batch.check_crc());
            prop_assert!(noticed.is_err());
        }
    }

    #[test]
    fn noise_is_harmless(bytes in vec(any::<u8>(), 0..300), codec in 0_u8..8, count in any::<i32>()) {
        read_anything(Bytes::from(bytes.clone()));
        // Noise as the records of an otherwise good batch.
        let mut batch = BytesMut::from(&build(Compression::None, &[Input::value(0, b"")])[..BATCH_OVERHEAD]);
        batch.extend_from_slice(&bytes);
        let length = batch.len() as i32 - 12;
        batch[8..12].copy_from_slice(&length.to_be_bytes());
        batch[22] = codec;
        batch[57..61].copy_from_slice(&count.to_be_bytes());
        read_anything(batch.freeze());
    }

    #[test]
    fn split_keeps_records_and_order(codec in any_codec(), inputs in vec(any_input(), 1..20), max in 100_usize..20_000) {
        let batch = Batch::new(build(codec, &inputs)).unwrap();
        let parts = split(&batch, options(codec), max, LIMIT).unwrap();
        let mut seen = Vec::new();
        for part in parts {
            prop_assert!(part.count() == 1 || part.size() <= max);
            let count = part.count();
            let records = read(&part.finish(None, false).unwrap());
            prop_assert_eq!(records.len(), count);
            seen.extend(records);
        }
        prop_assert_eq!(seen, inputs);
    }
}

/// Computed apart from this code, with the format's description and a bitwise CRC.
const GOLDEN: &str = "000000000000000000000057ffffffff029c36b59b0010000000020000018bcfe568000000018bcfe5692c000000000000126700030000002a000000032c000000046b310a68656c6c6f060268023102680100000c0009020100000e00d80404000100";

fn golden_inputs() -> Vec<Input> {
    let headers = vec![(b"h".to_vec(), Some(b"1".to_vec())), (b"h".to_vec(), None), (vec![], Some(vec![]))];
    vec![
        Input { timestamp: 1_700_000_000_000, key: Some(b"k1".to_vec()), value: Some(b"hello".to_vec()), headers },
        Input { timestamp: 1_699_999_999_995, key: None, value: Some(vec![]), headers: vec![] },
        Input { timestamp: 1_700_000_000_300, key: Some(vec![]), value: None, headers: vec![] },
    ]
}

#[test]
fn golden_bytes() {
    let producer = ProducerState { id: 4711, epoch: 3, base_sequence: 42 };
    let bytes = builder(Compression::None, &golden_inputs()).finish(Some(producer), true).unwrap();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, GOLDEN);
    let batch = Batch::new(bytes).unwrap();
    assert_eq!(read(batch.bytes()), golden_inputs());
    let header = batch.header();
    assert!(header.is_transactional() && !header.is_control());
    assert_eq!(header.producer, producer);
    assert_eq!((header.last_offset(), header.next_offset(), header.last_sequence()), (2, 3, 44));
    assert_eq!(header.partition_leader_epoch, -1);
    assert_eq!(header.size(), batch.bytes().len());
}

#[test]
fn crc_mismatch_is_an_error_of_its_own() {
    let mut bytes = BytesMut::from(&build(Compression::None, &[Input::value(1, b"value")])[..]);
    *bytes.last_mut().unwrap() ^= 1;
    let batch = Batch::new(bytes.freeze()).unwrap();
    assert!(matches!(batch.check_crc(), Err(BatchError::Crc { base_offset: 0, .. })));
}

#[test]
fn several_batches_in_one_response() {
    let first = build(Compression::None, &[Input::value(1, b"a")]);
    let second = build(Compression::Zstd, &[Input::value(2, b"b"), Input::value(3, b"c")]);
    let mut both = BytesMut::from(&first[..]);
    both.extend_from_slice(&second);
    assign_offsets(&mut both[first.len()..], 100, 7).unwrap();
    let batches: Vec<Batch> = Batches::new(both.freeze()).map(Result::unwrap).collect();
    assert_eq!(batches.len(), 2);
    assert_eq!((batches[1].header().base_offset, batches[1].header().partition_leader_epoch), (100, 7));
    batches[1].check_crc().unwrap();
    let offsets: Vec<i64> = batches[1].records(LIMIT).unwrap().map(|r| r.unwrap().offset).collect();
    assert_eq!(offsets, [100, 101]);
}

#[test]
fn records_share_the_batch_memory() {
    let bytes = build(Compression::None, &[Input::value(1, b"value")]);
    let range = bytes.as_ptr_range();
    let record = Batch::new(bytes).unwrap().records(LIMIT).unwrap().next().unwrap().unwrap();
    assert!(range.contains(&record.value.unwrap().as_ptr()));
}

#[test]
fn old_magic_is_refused_by_name() {
    let mut old = BytesMut::from(&[0_u8; 40][..]);
    old[8..12].copy_from_slice(&28_i32.to_be_bytes());
    for magic in [0, 1, 3] {
        old[16] = magic;
        let mut batches = Batches::new(old.clone().freeze());
        assert_eq!(batches.next().unwrap().unwrap_err(), BatchError::UnsupportedMagic(magic as i8));
        assert!(batches.next().is_none());
    }
}

#[test]
fn impossible_lengths_are_errors() {
    for length in [i32::MIN, -1, 0, 13, 48] {
        let mut bytes = BytesMut::from(&build(Compression::None, &[Input::value(1, b"value")])[..]);
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        let mut batches = Batches::new(bytes.freeze());
        assert!(matches!(batches.next(), Some(Err(BatchError::Corrupt(_)))), "{length}");
        assert!(batches.next().is_none());
    }
}

#[test]
fn a_count_that_lies_is_an_error() {
    for (count, good) in [(1, 0), (3, 2), (i32::MAX, 2)] {
        let inputs = [Input::value(1, b"a"), Input::value(2, b"b")];
        let mut bytes = BytesMut::from(&build(Compression::None, &inputs)[..]);
        bytes[57..61].copy_from_slice(&i32::to_be_bytes(count));
        let records: Vec<_> = Batch::new(bytes.freeze()).unwrap().records(LIMIT).unwrap().collect();
        assert_eq!(records.iter().filter(|r| r.is_ok()).count(), good, "{count}");
        assert!(records.last().unwrap().is_err());
        assert_eq!(records.len(), good + 1);
    }
}

#[test]
fn decompression_is_bounded() {
    let inputs = [Input::value(1, &vec![0; 3_000_000])];
    for codec in &Compression::ALL[1..] {
        let bytes = build(*codec, &inputs);
        let batch = Batch::new(bytes).unwrap();
        let limit = 2_000_000;
        assert_eq!(batch.records(limit).err(), Some(BatchError::DecompressedTooLarge { limit }), "{codec}");
        assert_eq!(batch.records(3_000_100).unwrap().count(), 1);
    }
}

#[test]
fn compression_compresses_and_knows_levels() {
    let inputs: Vec<Input> = (0..500).map(|i| Input::value(i, format!("{{\"number\": {i}}}").as_bytes())).collect();
    let plain = build(Compression::None, &inputs).len();
    for codec in &Compression::ALL[1..] {
        assert!(build(*codec, &inputs).len() < plain / 2, "{codec}");
    }
    let leveled = |compression, level| {
        let mut builder = BatchBuilder::new(BatchOptions { compression, level: Some(level), capacity: 0 });
        for input in &inputs {
            builder.append(input.timestamp, None, input.value.as_deref(), []).unwrap();
        }
        builder.finish(None, false)
    };
    assert!(leveled(Compression::Gzip, 9).unwrap().len() < leveled(Compression::Gzip, 1).unwrap().len());
    assert!(leveled(Compression::Zstd, 19).unwrap().len() < leveled(Compression::Zstd, -5).unwrap().len());
    assert!(matches!(leveled(Compression::Gzip, 10), Err(BatchError::Compress { .. })));
}

/// A batch whose records are `body`, already compressed by someone else.
fn batch_around(template: &Bytes, codec: Compression, body: &[u8]) -> Batch {
    let mut bytes = BytesMut::from(&template[..BATCH_OVERHEAD]);
    bytes.extend_from_slice(body);
    let length = bytes.len() as i32 - 12;
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    bytes[22] = codec.id();
    Batch::new(bytes.freeze()).unwrap()
}

#[test]
fn snappy_in_all_its_framings() {
    let inputs: Vec<Input> = (0..9).map(|i| Input::value(i, &[i as u8; 10_000])).collect();
    let plain = build(Compression::None, &inputs);
    let raw = &plain[BATCH_OVERHEAD..];
    let seen = |body: &[u8]| -> Vec<Input> {
        let batch = batch_around(&plain, Compression::Snappy, body);
        batch.records(LIMIT).unwrap().map(|r| Input::from(r.unwrap())).collect()
    };
    let mut encoder = snap::raw::Encoder::new();

    // One bare block.
    assert_eq!(seen(&encoder.compress_vec(raw).unwrap()), inputs);

    // Java's framing, blocks of another size, and two streams one after the other.
    let mut framed = Vec::new();
    for half in raw.chunks(raw.len().div_ceil(2)) {
        framed.extend_from_slice(b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01");
        for block in half.chunks(7000) {
            let packed = encoder.compress_vec(block).unwrap();
            framed.put_u32(packed.len() as u32);
            framed.extend_from_slice(&packed);
        }
    }
    assert_eq!(seen(&framed), inputs);
    for cut in [3, 12, 17, 19, 100] {
        assert!(batch_around(&plain, Compression::Snappy, &framed[..cut]).records(LIMIT).is_err(), "{cut}");
    }

    // What we write is Java's framing.
    let ours = build(Compression::Snappy, &inputs);
    assert!(ours[BATCH_OVERHEAD..].starts_with(b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01"));

    // A block that claims 2 GiB of content is refused before any memory is taken.
    assert!(batch_around(&plain, Compression::Snappy, &[0xff, 0xff, 0xff, 0xff, 0x07, 0]).records(usize::MAX).is_err());
}

#[test]
fn lz4_is_a_frame_java_can_read() {
    let bytes = build(Compression::Lz4, &[Input::value(1, &[7; 200_000])]);
    let frame = &bytes[BATCH_OVERHEAD..];
    assert_eq!(frame[..4], 0x184d_2204_u32.to_le_bytes());
    // Version 1, independent blocks, nothing else; blocks of 64 KiB.
    assert_eq!(frame[4..6], [0b0110_0000, 0b0100_0000]);
}

#[test]
fn gzip_of_several_members_is_read() {
    use std::io::Write;
    let plain = build(Compression::None, &[Input::value(1, b"a"), Input::value(2, b"b")]);
    let mut body = Vec::new();
    for part in plain[BATCH_OVERHEAD..].chunks(5) {
        let mut encoder = flate2::write::GzEncoder::new(&mut body, flate2::Compression::fast());
        encoder.write_all(part).unwrap();
        encoder.finish().unwrap();
    }
    assert_eq!(batch_around(&plain, Compression::Gzip, &body).records(LIMIT).unwrap().count(), 2);
}

#[test]
fn broken_compressed_records_are_errors() {
    let plain = build(Compression::None, &[Input::value(1, b"a")]);
    for codec in &Compression::ALL[1..] {
        let result = batch_around(&plain, *codec, b"surely not compressed").records(LIMIT);
        assert!(matches!(result, Err(BatchError::Decompress { codec: c, .. }) if c == *codec), "{codec}");
    }
    let mut unknown = BytesMut::from(&plain[..]);
    unknown[22] = 5;
    let result = Batch::new(unknown.freeze()).unwrap().records(LIMIT);
    assert_eq!(result.err(), Some(BatchError::UnknownCompression(5)));
}

#[test]
fn append_time_counts_for_every_record() {
    let mut bytes = BytesMut::from(&build(Compression::None, &[Input::value(1, b"a"), Input::value(2, b"b")])[..]);
    set_log_append_time(&mut bytes, 999).unwrap();
    let batch = Batch::new(bytes.freeze()).unwrap();
    batch.check_crc().unwrap();
    assert_eq!(batch.header().timestamp_type(), TimestampType::LogAppendTime);
    assert!(batch.records(LIMIT).unwrap().all(|r| r.unwrap().timestamp == 999));
}

#[test]
fn a_new_producer_state_changes_nothing_else() {
    let bytes = build(Compression::Lz4, &golden_inputs());
    let shared = bytes.clone();
    let producer = ProducerState { id: 9, epoch: 1, base_sequence: i32::MAX };
    let changed = set_producer(bytes, Some(producer), true).unwrap();
    assert_eq!(read(&shared), golden_inputs());
    assert_eq!(Batch::new(shared.clone()).unwrap().header().producer, NO_PRODUCER);
    assert_eq!(read(&changed), golden_inputs());
    let header = Batch::new(changed.clone()).unwrap().header().clone();
    assert_eq!(header.producer, producer);
    assert!(header.is_transactional());
    // Sequence numbers begin again at 0.
    assert_eq!(header.last_sequence(), 1);
    assert_eq!(set_producer(changed, None, false).unwrap(), shared);
    assert!(set_producer(Bytes::from_static(b"short"), None, false).is_err());
}

#[test]
fn control_batches() {
    for (marker, id) in [(ControlType::Abort, 0), (ControlType::Commit, 1)] {
        let bytes = control_batch(marker, (7, 2), 55, 4, 1234, 6).unwrap();
        let batch = Batch::new(bytes).unwrap();
        batch.check_crc().unwrap();
        assert_eq!(batch.control_type(), Ok(Some(marker)));
        let header = batch.header();
        assert!(header.is_control() && header.is_transactional());
        assert_eq!((header.base_offset, header.partition_leader_epoch, header.count), (55, 4, 1));
        assert_eq!(header.producer, ProducerState { id: 7, epoch: 2, base_sequence: -1 });
        let record = batch.records(LIMIT).unwrap().next().unwrap().unwrap();
        assert_eq!(record.key.as_deref(), Some(&[0, 0, 0, id][..]));
        assert_eq!(record.value.as_deref(), Some(&[0, 0, 0, 0, 0, 6][..]));
    }
    assert_eq!(Batch::new(build(Compression::None, &golden_inputs())).unwrap().control_type(), Ok(None));
    let bytes = control_batch(ControlType::Other(3), (7, 2), 0, 0, 0, 0).unwrap();
    assert_eq!(Batch::new(bytes).unwrap().control_type(), Ok(Some(ControlType::Other(3))));
}

#[test]
fn compaction_keeps_place_and_identity() {
    let producer = ProducerState { id: 5, epoch: 0, base_sequence: 10 };
    let mut original =
        BytesMut::from(&builder(Compression::Gzip, &golden_inputs()).finish(Some(producer), true).unwrap()[..]);
    assign_offsets(&mut original, 1000, 3).unwrap();
    let original = Batch::new(original.freeze()).unwrap();
    let rebuild = |keep: &[i64], horizon: Option<i64>| {
        let mut builder = BatchBuilder::new(options(Compression::Gzip));
        if let Some(horizon) = horizon {
            builder = builder.with_delete_horizon(horizon);
        }
        for record in original.records(LIMIT).unwrap().map(Result::unwrap).filter(|r| keep.contains(&r.offset)) {
            let delta = (record.offset - original.header().base_offset) as i32;
            builder
                .append_at(delta, record.timestamp, record.key.as_deref(), record.value.as_deref(), &record.headers)
                .unwrap();
        }
        let batch = Batch::new(builder.finish_compacted(original.header()).unwrap()).unwrap();
        batch.check_crc().unwrap();
        let header = batch.header();
        assert_eq!((header.base_offset, header.last_offset(), header.partition_leader_epoch), (1000, 1002, 3));
        assert_eq!(header.producer, producer);
        assert!(header.is_transactional());
        assert_eq!(header.delete_horizon(), horizon);
        batch
    };
    let kept = rebuild(&[1001], None);
    let records: Vec<Record> = kept.records(LIMIT).unwrap().map(Result::unwrap).collect();
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].offset, records[0].timestamp), (1001, 1_699_999_999_995));
    let records: Vec<Record> =
        rebuild(&[1000, 1002], Some(5_000)).records(LIMIT).unwrap().map(Result::unwrap).collect();
    assert_eq!((records[0].offset, records[0].timestamp), (1000, 1_700_000_000_000));
    assert_eq!((records[1].offset, records[1].timestamp), (1002, 1_700_000_000_300));
    let emptied = rebuild(&[], None);
    assert_eq!((emptied.header().count, emptied.bytes().len()), (0, BATCH_OVERHEAD));
    assert_eq!(emptied.records(LIMIT).unwrap().count(), 0);
}

#[test]
fn what_cannot_be_built() {
    assert_eq!(BatchBuilder::new(BatchOptions::default()).finish(None, false), Err(BatchError::Empty));
    let mut builder = builder(Compression::None, &[Input::value(1, b"a")]);
    assert!(builder.append_at(0, 1, None, None, []).is_err());
    assert_eq!(builder.count(), 1);
    assert!(BatchHeader::decode(&[0; 10]).is_err());
    assert!(assign_offsets(&mut [0; 10], 1, 1).is_err());
}

#[test]
fn memory_is_used_again() {
    let used = Vec::with_capacity(10_000);
    let at = used.as_ptr();
    let mut builder = BatchBuilder::with_buffer(BatchOptions { capacity: 5_000, ..BatchOptions::default() }, used);
    builder.append(1, None, Some(b"value"), []).unwrap();
    let bytes = builder.finish(None, false).unwrap();
    assert_eq!(bytes.as_ptr(), at);
}

#[test]
fn compression_names() {
    for codec in Compression::ALL {
        assert_eq!(codec.to_string().parse(), Ok(codec));
        assert_eq!(Compression::from_id(codec.id()), Some(codec));
    }
    assert!("GZIP".parse::<Compression>().is_err());
    assert_eq!(Compression::from_id(5), None);
}
