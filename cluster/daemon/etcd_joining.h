// What a new member of etcd is told of the others when it begins (--initial-cluster). etcd refuses
// to begin with other members than there are, and one may have come or gone since the new one was
// admitted. So they are asked right before it begins.
#pragma once

#include <string>
#include <vector>

#include "cluster/store/etcd_messages.h"

namespace ikada {

// "NAME=URL,…". The member at `own_url` has not said its name so far: it is `own_name`.
std::string to_initial_cluster(const std::vector<EtcdMember>& members,
                               const std::string& own_url,
                               const std::string& own_name);

// Where the others among those that the arguments (plan_etcd_arguments()) name serve clients. Pure.
std::vector<std::string> other_members(const std::vector<std::string>& arguments);

// The arguments with the members as these are, if it is one of them. Pure.
std::vector<std::string> with_members(std::vector<std::string> arguments,
                                      const std::vector<EtcdMember>& members);

// Waits up to a second for each of the others. The arguments as they are for the first member of
// all, for one that has begun before, and if nobody answers.
std::vector<std::string> with_present_members(const std::vector<std::string>& arguments);

}  // namespace ikada
