//! Frames, versions and what comes before any API.

use std::time::Duration;

use kafka_wire::ErrorCode;
use kafka_wire::messages::*;

use super::requests::*;
use super::runner::{Cx, cases};

cases![
    every_version_of_api_versions,
    all_that_is_asked_for_is_offered,
    an_unknown_version_of_api_versions,
    an_unknown_version_of_anything_else,
    nonsense_closes_the_connection,
    a_client_with_an_impossible_name,
    requests_in_flight_are_answered_in_order,
];

async fn every_version_of_api_versions(cx: Cx) {
    let mut client = cx.connect().await;
    for version in cx.versions::<ApiVersionsRequest>() {
        let request = match version {
            0..3 => ApiVersionsRequest::default(),
            _ => ApiVersionsRequest::default()
                .with_client_software_name(text("raw"))
                .with_client_software_version(text("1.0")),
        };
        let answer = client.ask_at(version, request).await;
        fine(answer.error_code);
        let keys = answer.api_keys.iter().map(|api| (api.api_key, (api.min_version, api.max_version))).collect();
        assert_eq!(cx.offered(), &keys, "version {version}");
        assert!(answer.api_keys.iter().all(|api| api.min_version <= api.max_version));
    }
}

async fn all_that_is_asked_for_is_offered(cx: Cx) {
    let missing: Vec<_> = cx
        .spans()
        .iter()
        .filter(|(key, lowest, highest)| {
            let offered = cx.offered().get(&(*key as i16));
            !offered.is_some_and(|(min, max)| min <= lowest && highest <= max)
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

async fn an_unknown_version_of_api_versions(cx: Cx) {
    let mut client = cx.connect().await;
    for body in [&b"\0"[..], b"\0anything"] {
        let frame = client.exchange_raw(18, 99, body).await.unwrap();
        // Correlation id, error 35, one API: 18, from 0.
        assert_eq!(frame[..14], [0, 0, 0, 7, 0, 35, 0, 0, 0, 1, 0, 18, 0, 0]);
    }
    fine(client.ask_at(0, ApiVersionsRequest::default()).await.error_code);
}

async fn an_unknown_version_of_anything_else(cx: Cx) {
    for (api, version) in [(1, 99), (3, 99), (3, -1), (1, 3), (999, 0), (-1, 0)] {
        let mut client = cx.connect().await;
        assert!(client.exchange_raw(api, version, b"\0\0\0\0").await.is_none(), "{api} {version}");
    }
}

async fn nonsense_closes_the_connection(cx: Cx) {
    for nonsense in [&b"\0\0"[..], b"\xff\xff\0\0\0\0\0\0", b"\0\x03\0\x05\0\0\0\0\0\0garbage"] {
        assert!(cx.connect().await.send_frame(nonsense).await.is_none());
    }
    fine(cx.connect().await.ask_at(0, ApiVersionsRequest::default()).await.error_code);
}

async fn a_client_with_an_impossible_name(cx: Cx) {
    let mut client = cx.connect().await;
    for name in ["", "-raw", "raw client"] {
        let request =
            ApiVersionsRequest::default().with_client_software_name(text(name)).with_client_software_version(text("1"));
        refused(client.ask_at(3, request).await.error_code, ErrorCode::InvalidRequest);
    }
}

async fn requests_in_flight_are_answered_in_order(cx: Cx) {
    let name = cx.topic("t", 1).await;
    let mut client = cx.connect().await;
    // The first waits for its answer; the second is not answered before.
    let began = std::time::Instant::now();
    client.send(12, &fetch_request(&name, 0, 0, Duration::from_millis(300))).await;
    let answer = client.ask_two::<FetchRequest, _>(12, ListGroupsRequest::default()).await;
    fine(answer.0.error_code);
    assert!(began.elapsed() >= Duration::from_millis(300));
}
