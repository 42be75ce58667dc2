/// Downloading models from the Hugging Face hub, or from a server that speaks like it.
///
/// [Hub] lists a repository ([HubListing]) and pulls files of it into a folder. [FileSelection]
/// says which files of a repository Lungo can open. What comes from the network is as foreign as
/// any file: listings are read with bounds ([ListingReader]), names must stay within the folder
/// ([SafeName]), redirects lead only to hosts that are allowed ([HostRules]), and what arrives is
/// held against its size and hash ([ContentHash]) before it gets its name.
///
/// A download that is cut leaves `NAME.part`, which the next one continues ([FileDownload]).
@NullMarked
package dev.lungo.hub;

import org.jspecify.annotations.NullMarked;
