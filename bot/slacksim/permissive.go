package slacksim

// permissiveManifest is the app of a workspace made without a manifest: every
// scope and event that the simulator knows, and the product's commands.
const permissiveManifest = `
_metadata: {major_version: 2, minor_version: 1}
display_information: {name: Incident Bot}
features:
  app_home: {home_tab_enabled: true, messages_tab_enabled: true, messages_tab_read_only_enabled: false}
  bot_user: {display_name: incident-bot, always_online: true}
  slash_commands:
    - {command: /incident, description: Declare and run an incident, usage_hint: "declare | list | help", should_escape: true}
    - {command: /oncall, description: Who is on call, usage_hint: "[team]", should_escape: true}
  unfurl_domains: [stormbell.example]
  shortcuts:
    - {name: Declare an incident, type: global, callback_id: declare_incident, description: Open the declare form}
    - {name: Declare from message, type: message, callback_id: declare_from_message, description: Declare an incident}
    - {name: Add to timeline, type: message, callback_id: add_to_timeline, description: Record this message}
oauth_config:
  scopes:
    bot: ["app_mentions:read", "bookmarks:read", "bookmarks:write", "canvases:read", "canvases:write", "channels:history",
          "channels:join", "channels:manage", "channels:read", "chat:write", "chat:write.customize", "chat:write.public",
          "commands", "dnd:read", "emoji:read", "files:read", "files:write", "groups:history", "groups:read", "groups:write",
          "im:history", "im:read", "im:write", "links:read", "links:write", "mpim:history", "mpim:read", "mpim:write", "pins:read", "pins:write",
          "reactions:read", "reactions:write", "team:read", "usergroups:read", "usergroups:write", "users:read",
          "users:read.email"]
settings:
  event_subscriptions:
    bot_events: [app_home_opened, app_mention, app_uninstalled, channel_archive, channel_created, channel_left, channel_rename,
                 channel_unarchive, file_shared, group_archive, group_left, group_rename, group_unarchive, link_shared, member_joined_channel,
                 member_left_channel, message.channels, message.groups, message.im, message.mpim, pin_added, pin_removed,
                 reaction_added, reaction_removed, subteam_created, subteam_members_changed, subteam_updated, team_join,
                 tokens_revoked, user_change]
  interactivity: {is_enabled: true}
  org_deploy_enabled: false
  socket_mode_enabled: true
  token_rotation_enabled: false
`
