//! A wire that reads and changes what passes it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use env::Stream;
use env_sim::{SimHandle, replay};
use kafka_broker::{Broker, BrokerConfig, Data, Handle};
use kafka_client::ClientError;
use kafka_client::consumer::{Event, StartAt};
use kafka_wire::messages::ProduceRequest;
use kafka_wire::{ApiKey, FrameReader, decode_request};
use parking_lot::Mutex;
use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf};

use crate::clients::{Rec, consume, consumer, produce_well, producer, tp, values};
use crate::world::{BROKER, CLIENT};

/// What stands between the client and a broker.
#[derive(Clone, Default)]
struct Wire {
    /// What becomes what in every answer, of the same length.
    change: Option<(&'static [u8], &'static [u8])>,
    /// The acknowledgements that Produce requests asked for.
    acks: Arc<Mutex<Vec<i16>>>,
}

impl Wire {
    /// Starts a broker that clients reach over the machine `wire` alone.
    async fn lay(&self, sim: &SimHandle) -> Handle {
        let address = SocketAddr::new(sim.ip_of(BROKER), 9092);
        let mut config = BrokerConfig::new(address);
        config.advertised_host = Some("wire".to_owned());
        let broker = Broker::start_with(&sim.env_for(BROKER), config, Data::new()).await.unwrap();
        let env = sim.env_for("wire");
        let mut listener = env.network().listen(SocketAddr::new(sim.ip_of("wire"), 9092)).await.unwrap();
        let (spawner, wire) = (env.clone(), self.clone());
        let accept = async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = spawner.network().connect(address).await else { continue };
                let (from_client, to_client) = tokio::io::split(client);
                let (from_server, to_server) = tokio::io::split(server);
                let (asking, answering) = (wire.clone(), wire.clone());
                let asks = pass(from_client, to_server, move |frame| asking.ask(frame));
                spawner.work().spawn("questions", Box::pin(asks));
                let answers = pass(from_server, to_client, move |frame| answering.answer(frame));
                spawner.work().spawn("answers", Box::pin(answers));
            }
        };
        env.work().spawn("wire", Box::pin(accept));
        broker
    }

    fn ask(&self, frame: Bytes) -> Bytes {
        let request = decode_request(frame.clone()).unwrap();
        if request.api_key == ApiKey::Produce {
            self.acks.lock().push(request.body::<ProduceRequest>().unwrap().acks);
        }
        frame
    }

    fn answer(&self, frame: Bytes) -> Bytes {
        let Some((from, to)) = self.change else { return frame };
        let mut frame = frame.to_vec();
        while let Some(at) = frame.windows(from.len()).position(|window| window == from) {
            frame[at..at + from.len()].copy_from_slice(to);
        }
        frame.into()
    }
}

/// Passes frames on until an end is closed.
async fn pass(mut from: ReadHalf<Box<dyn Stream>>, mut to: WriteHalf<Box<dyn Stream>>, read: impl Fn(Bytes) -> Bytes) {
    let mut reader = FrameReader::new(1 << 20);
    while let Ok(Some(frame)) = reader.read(&mut from).await {
        let frame = read(frame);
        let length = (frame.len() as u32).to_be_bytes();
        if to.write_all(&[&length, &frame[..]].concat()).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

#[test]
fn what_was_changed_on_its_way_is_an_error_unless_nobody_checks() {
    for check in ["true", "false"] {
        replay(81, async |_, sim| {
            let wire = Wire { change: Some((b"good", b"evil")), ..Wire::default() };
            let _broker = wire.lay(&sim).await;
            let env = sim.env_for(CLIENT);
            produce_well(&producer(&env, "wire:9092", []), "t", &[Rec::value("a")]).await;
            produce_well(&producer(&env, "wire:9092", []), "t", &[Rec::value("good")]).await;
            let mut reader = consumer(&env, "wire:9092", "g", [("check.crcs", check)]);
            reader.assign(BTreeMap::from([(tp("t", 0), StartAt::Earliest)])).unwrap();
            if check == "false" {
                let found = consume(&env, &mut reader, 2).await;
                assert_eq!(values(&found, 0), [(0, "a".to_owned()), (1, "evil".to_owned())]);
                return;
            }
            assert_eq!(values(&consume(&env, &mut reader, 1).await, 0), [(0, "a".to_owned())]);
            let error = loop {
                match reader.poll(Duration::from_secs(1)).await {
                    Ok(Event::Idle) => {}
                    Ok(other) => panic!("{other:?}"),
                    Err(error) => break error,
                }
            };
            assert!(matches!(error, ClientError::CorruptRecord { offset: 1, .. }), "{error}");
        });
    }
}

#[test]
fn records_wait_for_as_many_replicas_as_acks_says() {
    for (acks, asked) in [("all", -1), ("-1", -1), ("1", 1), ("0", 0)] {
        replay(82, async |_, sim| {
            let wire = Wire::default();
            let _broker = wire.lay(&sim).await;
            let producer = producer(&sim.env_for(CLIENT), "wire:9092", [("acks", acks)]);
            produce_well(&producer, "t", &[Rec::value("a")]).await;
            sim.env_for(CLIENT).sleep(Duration::from_secs(1)).await;
            assert_eq!(*wire.acks.lock(), [asked], "acks={acks}");
        });
    }
}
