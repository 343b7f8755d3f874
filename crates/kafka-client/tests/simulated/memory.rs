//! Fetched data finds room before it is read.

use std::sync::Arc;
use std::time::Duration;

use env::BoxFuture;
use env_sim::replay;
use kafka_broker::Data;
use kafka_client::consumer::Event;
use kafka_client::{Consumer, ConsumerConfig, Memory, Reserved};
use kafka_config::RawConfig;
use tokio::sync::Semaphore;

use crate::clients::{Rec, consume, produce_well, producer};
use crate::world::{BOOTSTRAP, CLIENT, create, start};

const MIB: usize = 1 << 20;

/// Room for some bytes.
#[derive(Debug)]
struct Tank {
    free: Arc<Semaphore>,
}

impl Memory for Tank {
    fn most(&self) -> usize {
        MIB
    }

    fn reserve(&self, bytes: usize) -> BoxFuture<'static, Reserved> {
        assert!(bytes <= MIB + 1000, "a fetch of {bytes} bytes was asked for");
        let free = self.free.clone();
        Box::pin(async move { Reserved::new(free.acquire_many_owned(bytes as u32).await.expect("open")) })
    }
}

fn bounded(env: &env::Env, free: &Arc<Semaphore>) -> Consumer {
    let raw = RawConfig::from([
        ("bootstrap.servers", BOOTSTRAP),
        ("group.id", "g"),
        ("auto.offset.reset", "earliest"),
        ("enable.auto.commit", "false"),
        ("request.timeout.ms", "5000"),
        ("max.poll.records", "1"),
    ]);
    let mut config = ConsumerConfig::parse(&raw).unwrap();
    config.client.memory = Some(Arc::new(Tank { free: free.clone() }));
    Consumer::new(env.clone(), config)
}

#[test]
fn an_answer_waits_for_room_without_an_end() {
    replay(1, async |_, sim| {
        let _broker = start(&sim, &Data::new(), None).await;
        create(&sim, "t", 4).await;
        let env = sim.env_for(CLIENT);
        let producer = producer(&env, BOOTSTRAP, [("batch.size", "200000")]);
        for partition in 0..4 {
            produce_well(&producer, "t", &[Rec::value(vec![b'x'; 400_000]).on(partition)]).await;
        }
        let free = Arc::new(Semaphore::new(0));
        let mut reader = bounded(&env, &free);
        reader.subscribe(["t"]).unwrap();
        // Longer than any time-out: nobody is to blame for the wait.
        let until = env.clock().now() + Duration::from_secs(60);
        while env.clock().now() < until {
            let event = reader.poll(Duration::from_secs(1)).await.unwrap();
            assert!(!matches!(event, Event::Records(_)), "there is no room for this: {event:?}");
        }
        free.add_permits(MIB + 1000);
        let first = consume(&env, &mut reader, 1).await;
        assert!(free.available_permits() <= MIB - 400_000, "what was handed out takes room");
        drop(first);
        for _ in 0..3 {
            consume(&env, &mut reader, 1).await;
        }
        reader.close(Duration::from_secs(10)).await;
        env.sleep(Duration::from_secs(1)).await;
        assert_eq!(free.available_permits(), MIB + 1000, "all of it was given back");
    });
}
