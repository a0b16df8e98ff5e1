#include "cluster/model/node.h"

namespace ikada {

void describe(JsonFields& fields, Node& node) {
  fields.required("id", node.id);
  fields.required("name", node.name);
  fields.required("role", node.role);
  fields.field("address", node.address);
  fields.field("version", node.version);
  fields.field("joinedAt", node.joined_at);
  fields.field("certificateSerial", node.certificate_serial);
  fields.field("certificateEndsAt", node.certificate_ends_at);
  fields.field("subnet", node.subnet);
  fields.field("cluster", node.cluster);
  fields.field("instance", node.instance);
  fields.field("isNew", node.is_new);
  fields.field("wantedRole", node.wanted_role);
  fields.field("roleError", node.role_error);
}

void describe(JsonFields& fields, ClusterNetwork& network) {
  fields.required("pool", network.pool);
  fields.field("vni", network.vni);
  fields.field("port", network.port);
  fields.field("lastSubnet", network.last_subnet);
}

void describe(JsonFields& fields, JoinGrant& grant) {
  fields.required("secretSha256", grant.secret_sha256);
  fields.field("createdAt", grant.created_at);
  fields.field("expiresAt", grant.expires_at);
}

}  // namespace ikada
