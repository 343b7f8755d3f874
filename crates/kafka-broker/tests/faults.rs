//! Faults that a test plants in a broker.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use client::{Client, batch, on_both};
use kafka_broker::{Broker, BrokerConfig, Fault, Faults, Request};
use kafka_wire::{ApiKey, Compression, ErrorCode};
use parking_lot::Mutex;

/// Faults for Produce requests, in order.
#[derive(Default)]
struct ForProduce(Mutex<VecDeque<Fault>>);

impl Faults for ForProduce {
    fn on_request(&self, request: &Request<'_>) -> Fault {
        assert_eq!(request.client_id, Some("raw"));
        match request.api {
            ApiKey::Produce => self.0.lock().pop_front().unwrap_or_default(),
            _ => Fault::None,
        }
    }
}

#[test]
fn each_fault_does_what_it_says() {
    on_both(|env, listen| async move {
        let faults = Arc::new(ForProduce::default());
        let mut config = BrokerConfig::new(listen);
        config.faults = Some(faults.clone());
        let broker = Broker::start(&env, config).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        client.create("t", 1).await;
        let one = batch(Compression::None, &[("k", "v")], 1);

        let delay = Duration::from_millis(300);
        faults.0.lock().extend([
            Fault::Refuse(ErrorCode::NotLeaderOrFollower),
            Fault::Delay(delay),
            Fault::LoseAnswer,
            Fault::Disconnect,
        ]);
        assert_eq!(client.produce("t", 0, one.clone()).await.0, ErrorCode::NotLeaderOrFollower.code());
        assert_eq!(client.list_offset("t", 0, -1).await.1, 0);

        let began = env.clock().now();
        assert_eq!(client.produce("t", 0, one.clone()).await, (0, 0));
        assert!(env.clock().now() - began >= delay);

        assert!(client.try_ask(9, client::produce_request("t", 0, one.clone(), -1)).await.is_none());
        let mut client = Client::connect(&env, &broker).await;
        assert_eq!(client.list_offset("t", 0, -1).await.1, 2, "it was carried out");

        assert!(client.try_ask(9, client::produce_request("t", 0, one.clone(), -1)).await.is_none());
        let mut client = Client::connect(&env, &broker).await;
        assert_eq!(client.list_offset("t", 0, -1).await.1, 2, "it was not carried out");
        assert_eq!(client.produce("t", 0, one).await, (0, 2));
    });
}

/// Refuses everything but the question for versions.
struct Everything;

impl Faults for Everything {
    fn on_request(&self, _: &Request<'_>) -> Fault {
        Fault::Refuse(ErrorCode::CoordinatorNotAvailable)
    }
}

#[test]
fn every_version_of_every_api_can_be_refused() {
    on_both(|env, listen| async move {
        let mut config = BrokerConfig::new(listen);
        let plain = Broker::start(&env, config.clone()).await.unwrap();
        let offered =
            Client::connect(&env, &plain).await.ask(0, kafka_wire::messages::ApiVersionsRequest::default()).await;
        config.faults = Some(Arc::new(Everything));
        let broker = Broker::start(&env, config).await.unwrap();
        let mut client = Client::connect(&env, &broker).await;
        for api in &offered.api_keys {
            for version in api.min_version..=api.max_version {
                client.ask_anything(ApiKey::try_from(api.api_key).unwrap(), version).await;
            }
        }
    });
}
