#include "cluster/model/volume.h"

namespace ikada {

void describe(JsonFields& fields, HostVolumeProperties& host) {
  fields.field("sourcePath", host.source_path);
}

void describe(JsonFields& fields, DockerVolumeConfiguration& docker) {
  fields.field("scope", docker.scope);
  fields.field("autoprovision", docker.autoprovision);
  fields.field("driver", docker.driver);
  fields.field("driverOpts", docker.driver_opts);
  fields.field("labels", docker.labels);
}

void describe(JsonFields& fields, EfsAuthorizationConfig& authorization) {
  fields.field("accessPointId", authorization.access_point_id);
  fields.field("iam", authorization.iam);
}

void describe(JsonFields& fields, EfsVolumeConfiguration& efs) {
  fields.required("fileSystemId", efs.file_system_id);
  fields.field("rootDirectory", efs.root_directory);
  fields.field("transitEncryption", efs.transit_encryption);
  fields.field("transitEncryptionPort", efs.transit_encryption_port);
  fields.field("authorizationConfig", efs.authorization_config);
}

void describe(JsonFields& fields, FsxAuthorizationConfig& authorization) {
  fields.required("credentialsParameter", authorization.credentials_parameter);
  fields.required("domain", authorization.domain);
}

void describe(JsonFields& fields, FsxVolumeConfiguration& fsx) {
  fields.required("fileSystemId", fsx.file_system_id);
  fields.required("rootDirectory", fsx.root_directory);
  fields.required("authorizationConfig", fsx.authorization_config);
}

void describe(JsonFields& fields, S3FilesVolumeConfiguration& s3) {
  fields.required("fileSystemArn", s3.file_system_arn);
  fields.field("rootDirectory", s3.root_directory);
  fields.field("transitEncryptionPort", s3.transit_encryption_port);
  fields.field("accessPointArn", s3.access_point_arn);
}

void describe(JsonFields& fields, Volume& volume) {
  fields.field("name", volume.name);
  fields.field("host", volume.host);
  fields.field("dockerVolumeConfiguration", volume.docker);
  fields.field("efsVolumeConfiguration", volume.efs);
  fields.field("s3filesVolumeConfiguration", volume.s3_files);
  fields.field("fsxWindowsFileServerVolumeConfiguration", volume.fsx);
  fields.field("configuredAtLaunch", volume.configured_at_launch);
}

}  // namespace ikada
