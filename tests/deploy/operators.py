"""The custom resources that we use, field by field as their operators' definitions name them; a field more is an error.

The definitions of KEDA and Prometheus are checked in full beside this (`schemas`), but let unknown fields pass. Those
of RabbitMQ and MongoDB are in no package that could be installed here.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


class Metadata(Strict):
    name: str = Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
    namespace: str
    labels: dict[str, str] = {}


class Resource(Strict):
    metadata: Metadata


class Named(Strict):
    name: str


class Resources(Strict):
    requests: dict[str, str]
    limits: dict[str, str]


class OfACluster(Strict):
    rabbitmq_cluster_reference: Named


class ClusterSpec(Strict):
    image: str
    replicas: int
    resources: Resources
    persistence: dict[Literal["storage", "storageClassName"], str]
    rabbitmq: dict[Literal["additionalConfig", "advancedConfig", "envConfig"], str]
    override: dict[Literal["statefulSet", "service"], Any]


class RabbitmqCluster(Resource):
    api_version: Literal["rabbitmq.com/v1beta1"]
    kind: Literal["RabbitmqCluster"]
    spec: ClusterSpec


class ExchangeSpec(OfACluster):
    name: str
    type: Literal["direct", "fanout", "topic", "headers"]
    durable: bool
    arguments: dict[str, Any] = {}


class QueueSpec(OfACluster):
    name: str
    type: Literal["quorum", "classic", "stream"]
    durable: bool
    arguments: dict[str, Any] = {}


class BindingSpec(OfACluster):
    source: str
    destination: str
    destination_type: Literal["queue", "exchange"]
    routing_key: str


class PolicySpec(OfACluster):
    name: str
    pattern: str
    apply_to: Literal["queues", "classic_queues", "quorum_queues", "exchanges", "all"]
    definition: dict[str, Any]


class UserSpec(OfACluster):
    tags: list[Literal["management", "policymaker", "monitoring", "administrator"]]


class Rights(Strict):
    configure: str
    write: str
    read: str


class PermissionSpec(OfACluster):
    user_reference: Named
    vhost: str
    permissions: Rights


class TopicRights(Strict):
    exchange: str
    write: str
    read: str


class TopicPermissionSpec(OfACluster):
    user_reference: Named
    vhost: str
    permissions: TopicRights


class OfTheTopology(Resource):
    api_version: Literal["rabbitmq.com/v1beta1"]


class Exchange(OfTheTopology):
    kind: Literal["Exchange"]
    spec: ExchangeSpec


class Queue(OfTheTopology):
    kind: Literal["Queue"]
    spec: QueueSpec


class Binding(OfTheTopology):
    kind: Literal["Binding"]
    spec: BindingSpec


class Policy(OfTheTopology):
    kind: Literal["Policy"]
    spec: PolicySpec


class User(OfTheTopology):
    kind: Literal["User"]
    spec: UserSpec


class Permission(OfTheTopology):
    kind: Literal["Permission"]
    spec: PermissionSpec


class TopicPermission(OfTheTopology):
    kind: Literal["TopicPermission"]
    spec: TopicPermissionSpec


class Role(Strict):
    name: str
    db: str


class DatabaseUser(Strict):
    name: str
    db: str
    password_secret_ref: Named
    roles: list[Role]
    scram_credentials_secret_name: str = Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
    connection_string_secret_name: str


class DatabaseSecurity(Strict):
    authentication: dict[Literal["modes"], list[Literal["SCRAM", "SCRAM-SHA-256", "SCRAM-SHA-1"]]]


class DatabaseSpec(Strict):
    type: Literal["ReplicaSet"]
    members: int
    version: str
    security: DatabaseSecurity
    users: list[DatabaseUser]
    stateful_set: dict[Literal["spec"], dict[str, Any]]


class MongoDBCommunity(Resource):
    api_version: Literal["mongodbcommunity.mongodb.com/v1"]
    kind: Literal["MongoDBCommunity"]
    spec: DatabaseSpec


class Trigger(Strict):
    type: Literal["rabbitmq", "cpu"]
    metric_type: Literal["Utilization", "AverageValue"] | None = None
    authentication_ref: Named | None = None
    metadata: dict[str, str]


class Advanced(Strict):
    restore_to_original_replica_count: bool
    horizontal_pod_autoscaler_config: dict[Literal["behavior"], Any]


class ScaledObjectSpec(Strict):
    scale_target_ref: Named
    polling_interval: int
    cooldown_period: int | None = None
    min_replica_count: int
    max_replica_count: int
    advanced: Advanced
    triggers: list[Trigger]


class ScaledObject(Resource):
    api_version: Literal["keda.sh/v1alpha1"]
    kind: Literal["ScaledObject"]
    spec: ScaledObjectSpec


class SecretTarget(Strict):
    parameter: Literal["host", "username", "password"]
    name: str
    key: str


class TriggerAuthenticationSpec(Strict):
    secret_target_ref: list[SecretTarget]


class TriggerAuthentication(Resource):
    api_version: Literal["keda.sh/v1alpha1"]
    kind: Literal["TriggerAuthentication"]
    spec: TriggerAuthenticationSpec


KINDS: dict[tuple[str, str], type[Resource]] = {
    (version, kind.__name__): kind
    for version, kinds in {
        "rabbitmq.com/v1beta1": (RabbitmqCluster, Exchange, Queue, Binding, Policy, User, Permission, TopicPermission),
        "mongodbcommunity.mongodb.com/v1": (MongoDBCommunity,),
        "keda.sh/v1alpha1": (ScaledObject, TriggerAuthentication),
    }.items()
    for kind in kinds
}
