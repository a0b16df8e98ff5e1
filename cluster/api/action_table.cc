#include <algorithm>
#include <iterator>

#include "cluster/api/actions.h"

namespace ikada {
namespace {

constexpr ActionEntry kActions[] = {
    {"CreateCluster", create_cluster},
    {"CreateService", create_service},
    {"DeleteAttributes", delete_attributes},
    {"DeleteCluster", delete_cluster},
    {"DeleteSecret", delete_secret},
    {"DeleteService", delete_service},
    {"DeleteTaskDefinitions", delete_task_definitions},
    {"DeregisterContainerInstance", deregister_container_instance},
    {"DeregisterTaskDefinition", deregister_task_definition},
    {"DescribeClusters", describe_clusters},
    {"DescribeContainerInstances", describe_container_instances},
    {"DescribeServiceDeployments", describe_service_deployments},
    {"DescribeServiceRevisions", describe_service_revisions},
    {"DescribeServices", describe_services},
    {"DescribeTaskDefinition", describe_task_definition},
    {"DescribeTasks", describe_tasks},
    {"ExplainTask", explain_task},
    {"GetTaskProtection", get_task_protection},
    {"ListAttributes", list_attributes},
    {"ListClusters", list_clusters},
    {"ListContainerInstances", list_container_instances},
    {"ListSecrets", list_secrets},
    {"ListServiceDeployments", list_service_deployments},
    {"ListServices", list_services},
    {"ListTagsForResource", list_tags_for_resource},
    {"ListTaskDefinitionFamilies", list_task_definition_families},
    {"ListTaskDefinitions", list_task_definitions},
    {"ListTasks", list_tasks},
    {"PutAttributes", put_attributes},
    {"PutSecret", put_secret},
    {"RegisterContainerInstance", register_container_instance},
    {"RegisterTaskDefinition", register_task_definition},
    {"RunTask", run_task},
    {"StartTask", start_task},
    {"StopServiceDeployment", stop_service_deployment},
    {"StopTask", stop_task},
    {"TagResource", tag_resource},
    {"UntagResource", untag_resource},
    {"UpdateCluster", update_cluster},
    {"UpdateClusterSettings", update_cluster_settings},
    {"UpdateContainerInstancesState", update_container_instances_state},
    {"UpdateService", update_service},
    {"UpdateTaskProtection", update_task_protection},
};

}  // namespace

const ActionEntry* find_action(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kActions), std::end(kActions), [&](const ActionEntry& each) {
        return each.name == name;
      });
  return found == std::end(kActions) ? nullptr : found;
}

}  // namespace ikada
