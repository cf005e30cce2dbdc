"""Environments: where deployments run and what is different there, one YAML file each.

    work-pool: kled-production
    work-pool-type: process       # or kubernetes, docker ...: what your workers are
    runs-at-once: 5               # 0 or absent: no limit
    tags: [production]
    variables:                    # for every run; no secrets, Prefect keeps them in plain text
      KOPS_STATE_STORE: s3://acme-kops-state
      AWS_REGION: eu-west-1
    approval: {needed: [deletions, identity]}   # this and the two below: see docs/approvals.md;
    maintenance-windows: [...]                  # else those of the settings file of who deploys
    notifications: {urls: ["block:pager-url"]}  # where URLs stand, never the URLs
    notify: slack-webhook/ops                   # a notification block, for runs that cannot tell

The environment's name is the file's name and becomes the deployments' name.
"""
