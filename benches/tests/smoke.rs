//! Every row once, with few records: what it moves is checked by the rows themselves.
//!
//! `cargo test -p benches --features smoke`; sides may be chosen with `MOLDAU_BENCH_SIDES=java,wire`.

use benches::{Arguments, Bench, RowName};

#[test]
fn every_row_moves_its_lines() {
    let sides = std::env::var("MOLDAU_BENCH_SIDES").unwrap_or_else(|_| "java,moldau,wire".to_owned());
    let words = ["--records", "20000", "--pairs", "1", "--sides", &sides].map(str::to_owned);
    let mut bench = Bench::start(Arguments::parse(&words).unwrap()).unwrap();
    for row in [RowName::P1, RowName::P2, RowName::P8, RowName::P9] {
        let report = benches::run(&mut bench, row).unwrap();
        println!("{report}");
        assert!(report.starts_with(&format!("{row:?}")));
        for (side, name) in [("java", "Java"), ("moldau", "Moldau")] {
            assert_eq!(report.contains(&format!("\n  {name}")), sides.contains(side), "{report}");
        }
        if matches!(row, RowName::P1 | RowName::P2) {
            assert!(report.contains("all 30,000 lines, once, in order"), "{report}");
        }
    }
}
