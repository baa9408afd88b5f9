# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the image and the history of releases."""

from __future__ import annotations

import re

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, integer

RULES = (
    Rule(
        lambda v: not v["platform_image"],
        "platform_image is not set: put the name of the application's image into {preflight_values_file}.",
    ),
    Rule(
        lambda v: not str(v["platform_image_tag"]) and not v["platform_image_digest"],
        "platform_image_tag is not set: put the tag to deploy into {preflight_values_file} (or platform_image_digest, or "
        "pass -e platform_image_tag=...).",
    ),
    Rule(
        lambda v: v["platform_image_digest"] and not re.match("sha256:[0-9a-f]{64}$", v["platform_image_digest"]),
        "platform_image_digest '{platform_image_digest}' is not a digest. Write sha256: and 64 hexadecimal digits in "
        "{preflight_values_file}.",
    ),
    Rule(
        lambda v: integer(v["pre_deploy_migrate_lock_timeout"]) < 0,
        "pre_deploy_migrate_lock_timeout is {pre_deploy_migrate_lock_timeout}: set it to a number of seconds in {preflight_values_file}, "
        "or to 0 for no limit.",
    ),
    Rule(
        lambda v: integer(v["platform_release_history"]) < 1,
        "platform_release_history is {platform_release_history}: set it to 1 or more in {preflight_values_file}, to keep a release for a "
        "rollback.",
    ),
)
