// What names the cluster accepts.
//
// Source: Amazon ECS API Reference, CreateCluster, RegisterTaskDefinition, RunTask, PutAttributes.
#pragma once

#include <string_view>

namespace ikada {

// 1–255 letters, digits, '-' and '_': clusters, families, containers, volumes.
bool is_resource_name(std::string_view name);

// Such a name that a host takes for a volume as it is: 2–200 of them, a letter or digit first.
bool is_host_volume_name(std::string_view name);

// 1–128 letters, digits and "-_./\".
bool is_attribute_name(std::string_view name);

// 1–128 letters, digits and "-_.@:/\ ", no space at either end.
bool is_attribute_value(std::string_view value);

// 1–64 printable characters of ASCII: RunTask's clientToken.
bool is_client_token(std::string_view token);

// 32 hexadecimal digits.
bool is_resource_id(std::string_view id);

}  // namespace ikada
