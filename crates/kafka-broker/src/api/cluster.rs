//! DescribeCluster and FindCoordinator: the answer is always this node.

use kafka_wire::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_wire::messages::find_coordinator_response::Coordinator;
use kafka_wire::messages::{
    BrokerId, DescribeClusterRequest, DescribeClusterResponse, FindCoordinatorRequest, FindCoordinatorResponse,
};
use kafka_wire::{ErrorCode, StrBytes};

use super::metadata::CLUSTER_OPERATIONS;
use super::{About, Api, Reply};
use crate::broker::Node;

/// DescribeCluster.
pub(crate) struct DescribeCluster;

impl Api for DescribeCluster {
    type Request = DescribeClusterRequest;
    type Response = DescribeClusterResponse;

    async fn carry_out(
        node: &Node,
        about: About<'_>,
        request: DescribeClusterRequest,
    ) -> Reply<DescribeClusterResponse> {
        const BROKERS: i8 = 1;
        if about.version >= 1 && request.endpoint_type != BROKERS {
            return Self::refuse(request, about, ErrorCode::UnsupportedEndpointType);
        }
        let broker = DescribeClusterBroker::default()
            .with_broker_id(BrokerId(node.config.node_id))
            .with_host(node.host.clone())
            .with_port(i32::from(node.port));
        let mut response = DescribeClusterResponse::default()
            .with_cluster_id(node.cluster_id.clone())
            .with_controller_id(BrokerId(node.config.node_id))
            .with_brokers(vec![broker]);
        if request.include_cluster_authorized_operations {
            response.cluster_authorized_operations = CLUSTER_OPERATIONS;
        }
        Reply::With(response)
    }

    fn refuse(_: DescribeClusterRequest, _: About<'_>, code: ErrorCode) -> Reply<DescribeClusterResponse> {
        let message = StrBytes::from_static_str(code.message());
        Reply::With(DescribeClusterResponse::default().with_error_code(code.code()).with_error_message(Some(message)))
    }
}

/// FindCoordinator.
pub(crate) struct FindCoordinator;

/// From this version on, several coordinators are asked for at once.
const SEVERAL: i16 = 4;
/// The key is a group's name.
const GROUP: i8 = 0;
/// The key is a transactional id.
const TRANSACTION: i8 = 1;

impl Api for FindCoordinator {
    type Request = FindCoordinatorRequest;
    type Response = FindCoordinatorResponse;

    async fn carry_out(
        node: &Node,
        about: About<'_>,
        request: FindCoordinatorRequest,
    ) -> Reply<FindCoordinatorResponse> {
        if ![GROUP, TRANSACTION].contains(&request.key_type) {
            return Self::refuse(request, about, ErrorCode::InvalidRequest);
        }
        let (id, port) = (BrokerId(node.config.node_id), i32::from(node.port));
        if about.version < SEVERAL {
            // Parity: success has a message, too.
            let message = (about.version >= 1).then(|| StrBytes::from_static_str("NONE"));
            return Reply::With(
                FindCoordinatorResponse::default()
                    .with_error_message(message)
                    .with_node_id(id)
                    .with_host(node.host.clone())
                    .with_port(port),
            );
        }
        let coordinators = request.coordinator_keys.into_iter().map(|key| {
            Coordinator::default().with_key(key).with_node_id(id).with_host(node.host.clone()).with_port(port)
        });
        Reply::With(FindCoordinatorResponse::default().with_coordinators(coordinators.collect()))
    }

    fn refuse(request: FindCoordinatorRequest, about: About<'_>, code: ErrorCode) -> Reply<FindCoordinatorResponse> {
        let nobody = BrokerId(-1);
        let message = (about.version >= 1).then(|| StrBytes::from_static_str(code.message()));
        if about.version < SEVERAL {
            return Reply::With(
                FindCoordinatorResponse::default()
                    .with_error_code(code.code())
                    .with_error_message(message)
                    .with_node_id(nobody)
                    .with_port(-1),
            );
        }
        let coordinators = request.coordinator_keys.into_iter().map(|key| {
            Coordinator::default()
                .with_key(key)
                .with_error_code(code.code())
                .with_error_message(message.clone())
                .with_node_id(nobody)
                .with_port(-1)
        });
        Reply::With(FindCoordinatorResponse::default().with_coordinators(coordinators.collect()))
    }
}
