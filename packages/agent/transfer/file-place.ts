/** Where the files of a transfer are: a storage for a folder, or for one file with its name in it. */
export { type FilePlace, openFile, openFolder } from "@larder/storage";
