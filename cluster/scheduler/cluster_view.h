// The scheduler's view of one cluster: which host for a task.
//
//   ClusterView view;
//   IK_TRY(view.put_host(host));                       // What is known, once and at each change
//   IK_TRY(view.add_task(id, host.id, shape, group));  // of a host or a task.
//   IK_LET(slots, view.place(request, ids, prng));     // Decides, and holds the places.
//
// A placed task holds its place until remove_task, so the caller takes back what it could not
// commit. There is no clock, file or thread in here: the same calls with the same generator always
// give the same hosts. A request that fits nowhere is no error; failures() in explain.h says why.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cluster/scheduler/cluster_state.h"
#include "cluster/scheduler/obstacle.h"
#include "cluster/scheduler/placement_class.h"
#include "cluster/scheduler/request.h"
#include "runtime/base/prng.h"
#include "runtime/base/result.h"

namespace ikada::scheduler {

class ClusterView {
 public:
  ClusterView() = default;
  // Indices point into the state.
  ClusterView(const ClusterView&) = delete;
  ClusterView& operator=(const ClusterView&) = delete;

  // Adds a host or describes it anew. kInvalid if an amount is too large.
  Result<void> put_host(const Host& host);

  // Forgets the host and all its tasks. False if there is none.
  bool remove_host(std::string_view id);

  // A task that is there, whether it fits or not. Saying it again is no error; kConflict if it is
  // known on another host, kNotFound if there is no such host.
  Result<void> add_task(const TaskId& id,
                        std::string_view host,
                        const TaskShape& shape,
                        std::string_view group);

  // The task has gone, or will not come. False if it is not known.
  bool remove_task(const TaskId& id);

  // A host for each task in turn, as far as there are any: if fewer hosts come back than tasks were
  // asked for, the others fit nowhere. kInvalid for a request that breaks a limit, kConflict if a
  // task is known already.
  Result<std::vector<HostSlot>> place(const Request& request,
                                      std::span<const TaskId> tasks,
                                      Prng& prng);

  // StartTask: this host or none. kNone if the task has its place now. kNotFound if there is no
  // such host; other errors as place().
  Result<Obstacle> start(const Request& request, const TaskId& task, std::string_view host);

  const std::string& host_id(HostSlot slot) const { return state_.hosts.host(slot).id; }
  const ClusterState& state() const { return state_; }

 private:
  PlacementClass& class_of(const Request& request);
  void drop_class(const std::string& key);
  void occupy(const TaskId& id, HostSlot slot, ShapeId shape, GroupId group);
  Result<void> check_tasks(std::span<const TaskId> tasks) const;

  ClusterState state_;
  std::unordered_map<std::string, std::unique_ptr<PlacementClass>> classes_;
  std::uint64_t turn_ = 0;
};

}  // namespace ikada::scheduler
