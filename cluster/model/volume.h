// A volume of a task definition.
//
// Source: Amazon ECS API Reference, Volume and the types it names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cluster/model/container_definition.h"

namespace ikada {

struct HostVolumeProperties {
  std::optional<std::string> source_path = {};
};
void describe(JsonFields& fields, HostVolumeProperties& host);

struct DockerVolumeConfiguration {
  std::optional<std::string> scope = {};
  std::optional<bool> autoprovision = {};
  std::optional<std::string> driver = {};
  std::optional<StringMap> driver_opts = {};
  std::optional<StringMap> labels = {};
};
void describe(JsonFields& fields, DockerVolumeConfiguration& docker);

struct EfsAuthorizationConfig {
  std::optional<std::string> access_point_id = {};
  std::optional<std::string> iam = {};
};
void describe(JsonFields& fields, EfsAuthorizationConfig& authorization);

struct EfsVolumeConfiguration {
  std::string file_system_id = {};
  std::optional<std::string> root_directory = {};
  std::optional<std::string> transit_encryption = {};
  std::optional<std::int32_t> transit_encryption_port = {};
  std::optional<EfsAuthorizationConfig> authorization_config = {};
};
void describe(JsonFields& fields, EfsVolumeConfiguration& efs);

struct FsxAuthorizationConfig {
  std::string credentials_parameter = {};
  std::string domain = {};
};
void describe(JsonFields& fields, FsxAuthorizationConfig& authorization);

struct FsxVolumeConfiguration {
  std::string file_system_id = {};
  std::string root_directory = {};
  FsxAuthorizationConfig authorization_config = {};
};
void describe(JsonFields& fields, FsxVolumeConfiguration& fsx);

struct S3FilesVolumeConfiguration {
  std::string file_system_arn = {};
  std::optional<std::string> root_directory = {};
  std::optional<std::int32_t> transit_encryption_port = {};
  std::optional<std::string> access_point_arn = {};
};
void describe(JsonFields& fields, S3FilesVolumeConfiguration& s3);

struct Volume {
  std::string name = {};
  std::optional<HostVolumeProperties> host = {};
  std::optional<DockerVolumeConfiguration> docker = {};
  std::optional<EfsVolumeConfiguration> efs = {};
  std::optional<S3FilesVolumeConfiguration> s3_files = {};
  std::optional<FsxVolumeConfiguration> fsx = {};
  std::optional<bool> configured_at_launch = {};
};
void describe(JsonFields& fields, Volume& volume);

}  // namespace ikada
