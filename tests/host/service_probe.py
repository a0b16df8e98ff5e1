"""What tests ask about services."""


def service_of(ecs, name="web"):
    return ecs.describe_services(services=[name], include=["TAGS"])["services"][0]


def wait_stable(ecs, name="web"):
    ecs.get_waiter("services_stable").wait(
        services=[name], WaiterConfig={"Delay": 0.1, "MaxAttempts": 900})
    return service_of(ecs, name)


def tasks_of(ecs, name="web", status="RUNNING"):
    arns = [arn for page in ecs.get_paginator("list_tasks").paginate(
        serviceName=name, desiredStatus=status) for arn in page["taskArns"]]
    return ecs.describe_tasks(tasks=arns)["tasks"] if arns else []


def messages(ecs, name="web"):
    return [each["message"] for each in service_of(ecs, name)["events"]]
