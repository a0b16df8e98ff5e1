// The commands by name. main() adds only the one that was asked for, so that the others cost
// nothing.
//
// A name of two words, "image prune", is a group and a verb in it; its function adds the verb alone
// to the group's App. Names of two words that only stand for others are in aliases.h.
#pragma once

#include <span>
#include <string_view>

namespace CLI {
class App;
}

namespace ikada {

struct Context;

struct Command {
  std::string_view name;  // "run", "image prune"
  std::string_view summary;
  void (*add)(CLI::App& app, Context& context);
};

// In the order of `ikada --help`.
std::span<const Command> all_commands();

// nullptr if there is none.
const Command* find_command(std::string_view name);

void add_apply_command(CLI::App& app, Context& context);
void add_attach_command(CLI::App& app, Context& context);
void add_balancer_ls_command(CLI::App& group, Context& context);
void add_balancer_metrics_command(CLI::App& group, Context& context);
void add_build_command(CLI::App& app, Context& context);
void add_builder_prune_command(CLI::App& app, Context& context);
void add_cluster_audit_command(CLI::App& group, Context& context);
void add_cluster_backup_command(CLI::App& group, Context& context);
void add_cluster_init_command(CLI::App& group, Context& context);
void add_cluster_join_command(CLI::App& group, Context& context);
void add_cluster_leave_command(CLI::App& group, Context& context);
void add_cluster_restore_command(CLI::App& group, Context& context);
void add_cluster_rotate_ca_command(CLI::App& group, Context& context);
void add_cluster_rotate_key_command(CLI::App& group, Context& context);
void add_cluster_status_command(CLI::App& group, Context& context);
void add_cluster_token_command(CLI::App& group, Context& context);
void add_commit_command(CLI::App& app, Context& context);
void add_container_cleanup_command(CLI::App& app, Context& context);
void add_cp_command(CLI::App& app, Context& context);
void add_container_prune_command(CLI::App& app, Context& context);
void add_create_command(CLI::App& app, Context& context);
void add_diff_command(CLI::App& app, Context& context);
void add_exec_command(CLI::App& app, Context& context);
void add_export_command(CLI::App& app, Context& context);
void add_history_command(CLI::App& app, Context& context);
void add_image_gc_command(CLI::App& app, Context& context);
void add_image_prune_command(CLI::App& app, Context& context);
void add_images_command(CLI::App& app, Context& context);
void add_import_command(CLI::App& app, Context& context);
void add_info_command(CLI::App& app, Context& context);
void add_inspect_command(CLI::App& app, Context& context);
void add_kill_command(CLI::App& app, Context& context);
void add_load_command(CLI::App& app, Context& context);
void add_log_store_command(CLI::App& app, Context& context);
void add_login_command(CLI::App& app, Context& context);
void add_logout_command(CLI::App& app, Context& context);
void add_logs_command(CLI::App& app, Context& context);
void add_network_inspect_command(CLI::App& group, Context& context);
void add_network_ls_command(CLI::App& group, Context& context);
void add_node_activate_command(CLI::App& group, Context& context);
void add_node_label_command(CLI::App& group, Context& context);
void add_node_drain_command(CLI::App& group, Context& context);
void add_node_inspect_command(CLI::App& group, Context& context);
void add_node_ls_command(CLI::App& group, Context& context);
void add_node_demote_command(CLI::App& group, Context& context);
void add_node_promote_command(CLI::App& group, Context& context);
void add_node_rm_command(CLI::App& group, Context& context);
void add_pause_command(CLI::App& app, Context& context);
void add_port_command(CLI::App& app, Context& context);
void add_ps_command(CLI::App& app, Context& context);
void add_pull_command(CLI::App& app, Context& context);
void add_registry_gc_command(CLI::App& group, Context& context);
void add_registry_serve_command(CLI::App& group, Context& context);
void add_rename_command(CLI::App& app, Context& context);
void add_restart_command(CLI::App& app, Context& context);
void add_rm_command(CLI::App& app, Context& context);
void add_rmi_command(CLI::App& app, Context& context);
void add_run_command(CLI::App& app, Context& context);
void add_save_command(CLI::App& app, Context& context);
void add_secret_create_command(CLI::App& group, Context& context);
void add_secret_ls_command(CLI::App& group, Context& context);
void add_secret_rm_command(CLI::App& group, Context& context);
void add_service_create_command(CLI::App& group, Context& context);
void add_service_deploy_command(CLI::App& group, Context& context);
void add_service_events_command(CLI::App& group, Context& context);
void add_service_logs_command(CLI::App& group, Context& context);
void add_service_ls_command(CLI::App& group, Context& context);
void add_service_rm_command(CLI::App& group, Context& context);
void add_service_rollback_command(CLI::App& group, Context& context);
void add_service_scale_command(CLI::App& group, Context& context);
void add_service_show_command(CLI::App& group, Context& context);
void add_service_update_command(CLI::App& group, Context& context);
void add_start_command(CLI::App& app, Context& context);
void add_stats_command(CLI::App& app, Context& context);
void add_stop_command(CLI::App& app, Context& context);
void add_system_df_command(CLI::App& app, Context& context);
void add_system_prune_command(CLI::App& app, Context& context);
void add_tag_command(CLI::App& app, Context& context);
void add_task_def_deregister_command(CLI::App& group, Context& context);
void add_task_def_ls_command(CLI::App& group, Context& context);
void add_task_def_register_command(CLI::App& group, Context& context);
void add_task_def_rm_command(CLI::App& group, Context& context);
void add_task_def_show_command(CLI::App& group, Context& context);
void add_task_exec_command(CLI::App& group, Context& context);
void add_task_explain_command(CLI::App& group, Context& context);
void add_task_logs_command(CLI::App& group, Context& context);
void add_task_ls_command(CLI::App& group, Context& context);
void add_task_run_command(CLI::App& group, Context& context);
void add_task_show_command(CLI::App& group, Context& context);
void add_task_stop_command(CLI::App& group, Context& context);
void add_top_command(CLI::App& app, Context& context);
void add_unpause_command(CLI::App& app, Context& context);
void add_update_command(CLI::App& app, Context& context);
void add_version_command(CLI::App& app, Context& context);
void add_volume_create_command(CLI::App& group, Context& context);
void add_volume_inspect_command(CLI::App& group, Context& context);
void add_volume_ls_command(CLI::App& group, Context& context);
void add_volume_prune_command(CLI::App& group, Context& context);
void add_volume_rm_command(CLI::App& group, Context& context);
void add_wait_command(CLI::App& app, Context& context);

}  // namespace ikada
