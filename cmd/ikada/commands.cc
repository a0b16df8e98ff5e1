#include "cmd/ikada/commands.h"

#include <algorithm>
#include <array>

#include "cmd/ikada/push_commands.h"

namespace ikada {
namespace {

constexpr std::array kCommands = {
    Command{"run", "Run a command in a new container", add_run_command},
    Command{"create", "Make a container without starting it", add_create_command},
    Command{"start", "Start containers that do not run", add_start_command},
    Command{"stop", "Stop running containers", add_stop_command},
    Command{"restart", "Stop containers and start them again", add_restart_command},
    Command{"kill", "Send a signal to running containers", add_kill_command},
    Command{"rm", "Remove containers", add_rm_command},
    Command{"ps", "List containers", add_ps_command},
    Command{"exec", "Run a further command in a running container", add_exec_command},
    Command{"logs", "Show what a container has written", add_logs_command},
    Command{"attach", "Connect to a running container", add_attach_command},
    Command{"wait", "Wait until containers end, print exit codes", add_wait_command},
    Command{"inspect", "Show everything about containers and images", add_inspect_command},
    Command{"top", "Show the processes of a running container", add_top_command},
    Command{"port", "Show the published ports of a container", add_port_command},
    Command{"stats", "Show what running containers use", add_stats_command},
    Command{"pause", "Freeze all processes of containers", add_pause_command},
    Command{"unpause", "Let frozen containers run on", add_unpause_command},
    Command{"cp", "Copy files between a container and this host", add_cp_command},
    Command{"rename", "Give a container another name", add_rename_command},
    Command{"update", "Change the limits of containers", add_update_command},
    Command{"build", "Make an image from a Dockerfile", add_build_command},
    Command{
        "builder prune", "Remove what builds keep for the next build", add_builder_prune_command},
    Command{"diff", "Show what a container changed in its files", add_diff_command},
    Command{"export", "Write a container's files as a tar archive", add_export_command},
    Command{"pull", "Fetch images from a registry", add_pull_command},
    Command{"push", "Send an image to a registry", add_push_command},
    Command{"images", "List images", add_images_command},
    Command{"tag", "Give an image one more name", add_tag_command},
    Command{"rmi", "Remove images", add_rmi_command},
    Command{"commit", "Make an image from a container's changes", add_commit_command},
    Command{"import", "Make an image from a tar archive of files", add_import_command},
    Command{"history", "Show the steps that made an image", add_history_command},
    Command{"save", "Write images to an archive", add_save_command},
    Command{"load", "Read images from an archive", add_load_command},
    Command{"login", "Log in to a registry", add_login_command},
    Command{"logout", "Forget the login to a registry", add_logout_command},
    Command{"registry serve", "Serve a registry of one's own", add_registry_serve_command},
    Command{"registry gc", "Remove what no image needs", add_registry_gc_command},
    Command{"info", "Show this host and what ikada has on it", add_info_command},
    Command{"version", "Show the versions of ikada's programs", add_version_command},
    Command{
        "cluster init", "Make this host the manager of a new cluster", add_cluster_init_command},
    Command{"cluster join", "Make this host a node of a cluster", add_cluster_join_command},
    Command{"cluster leave", "Take this host out of its cluster", add_cluster_leave_command},
    Command{"cluster status", "Show what this host is in its cluster", add_cluster_status_command},
    Command{
        "cluster backup", "Write all that the cluster knows to a file", add_cluster_backup_command},
    Command{"cluster restore",
            "Make this host the manager of the cluster in a backup",
            add_cluster_restore_command},
    Command{"cluster audit", "Show or check this host's audit log", add_cluster_audit_command},
    Command{"cluster rotate-ca",
            "Exchange the authority of the cluster's certificates",
            add_cluster_rotate_ca_command},
    Command{"cluster rotate-key",
            "Exchange the key of the hosts' gossip",
            add_cluster_rotate_key_command},
    Command{"cluster token", "Make a new join token", add_cluster_token_command},
    Command{"node ls", "List the nodes of the cluster", add_node_ls_command},
    Command{"node inspect", "Show everything about nodes", add_node_inspect_command},
    Command{"node label", "Set labels of a node, or remove them", add_node_label_command},
    Command{"node drain", "Let nodes get no more tasks", add_node_drain_command},
    Command{"node activate", "Let nodes get tasks again", add_node_activate_command},
    Command{"node promote", "Make a worker a manager", add_node_promote_command},
    Command{"node demote", "Make a manager a worker", add_node_demote_command},
    Command{"node rm", "Take nodes out of the cluster that are gone", add_node_rm_command},
    Command{"manifest add", "Put an image into a list", add_manifest_add_command},
    Command{"manifest annotate",
            "Change what a list says of an image's platform",
            add_manifest_annotate_command},
    Command{"manifest create",
            "Begin a list of images for several platforms",
            add_manifest_create_command},
    Command{"manifest inspect",
            "Show a list of this host, or a registry's manifest",
            add_manifest_inspect_command},
    Command{"manifest push", "Send a list and its images to a registry", add_manifest_push_command},
    Command{"manifest rm", "Remove lists from this host", add_manifest_rm_command},
    Command{"network ls", "List networks", add_network_ls_command},
    Command{"network inspect", "Show everything about networks", add_network_inspect_command},
    Command{"volume ls", "List volumes", add_volume_ls_command},
    Command{"volume create", "Make a volume", add_volume_create_command},
    Command{"volume inspect", "Show everything about volumes", add_volume_inspect_command},
    Command{"volume rm", "Remove volumes that no container uses", add_volume_rm_command},
    Command{"volume prune", "Remove volumes that no container uses", add_volume_prune_command},
    Command{
        "container prune", "Remove all containers that do not run", add_container_prune_command},
    Command{"image prune", "Remove images that nothing uses", add_image_prune_command},
    Command{"image gc", "Remove the images that the configuration lets go", add_image_gc_command},
    Command{"system df", "Show how much of the disk is used for what", add_system_df_command},
    Command{
        "system prune", "Remove containers and images that nothing uses", add_system_prune_command},
    Command{"task-def register",
            "Make a task definition, or its next revision",
            add_task_def_register_command},
    Command{"task-def ls", "List task definitions", add_task_def_ls_command},
    Command{"task-def show", "Show everything about task definitions", add_task_def_show_command},
    Command{"task-def deregister",
            "Let no more tasks run from a definition",
            add_task_def_deregister_command},
    Command{
        "task-def rm", "Delete task definitions that are deregistered", add_task_def_rm_command},
    Command{"task run", "Run tasks of a task definition", add_task_run_command},
    Command{"task ls", "List tasks", add_task_ls_command},
    Command{"task show", "Show everything about tasks", add_task_show_command},
    Command{"task stop", "Stop tasks", add_task_stop_command},
    Command{"task logs", "Show what a task's container has written", add_task_logs_command},
    Command{"task exec", "Run a further command in a task's container", add_task_exec_command},
    Command{"task explain",
            "Say for each container instance why a task cannot run there",
            add_task_explain_command},
    Command{"apply", "Bring about what a file says", add_apply_command},
    Command{"service create", "Keep a number of tasks running", add_service_create_command},
    Command{"service update", "Change a service", add_service_update_command},
    Command{"service scale", "Change how many tasks services have", add_service_scale_command},
    Command{"service deploy", "Replace a service's tasks by new ones", add_service_deploy_command},
    Command{"service rollback",
            "Go back to the task definition before the present one",
            add_service_rollback_command},
    Command{"service ls", "List services", add_service_ls_command},
    Command{"service show", "Show everything about services", add_service_show_command},
    Command{"service events", "Show what has happened to a service", add_service_events_command},
    Command{"service logs", "Show what a service's tasks have written", add_service_logs_command},
    Command{"service rm", "Remove services and stop their tasks", add_service_rm_command},
    Command{"balancer ls", "List load balancers, and whether they serve", add_balancer_ls_command},
    Command{"balancer metrics",
            "Show what a load balancer did, by the minute",
            add_balancer_metrics_command},
    Command{"secret create", "Keep a secret for tasks", add_secret_create_command},
    Command{"secret ls", "List secrets", add_secret_ls_command},
    Command{"secret rm", "Remove secrets", add_secret_rm_command},
    // Without a summary: not for people and not in --help.
    Command{"container-cleanup", "", add_container_cleanup_command},
    Command{"log-store", "", add_log_store_command},
};

}  // namespace

std::span<const Command> all_commands() { return kCommands; }

const Command* find_command(std::string_view name) {
  const std::span<const Command> commands = all_commands();
  const auto found = std::find_if(commands.begin(), commands.end(), [&](const Command& command) {
    return command.name == name;
  });
  return found == commands.end() ? nullptr : &*found;
}

}  // namespace ikada
