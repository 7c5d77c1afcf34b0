"""The official Python SDKs of Huawei Cloud against the emulator. `cargo xtask interop` runs every file of this folder.

The emulator's addresses and credentials come in the environment, with the names that `iotda-ota emulator` prints.
`IOTDA_OTA_COMMAND` is the path of our own command.
"""
