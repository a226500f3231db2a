// Makes a package's binaries runnable as whoever runs this, and prints the server's path. Arguments: package, data folder.
import { runnable } from '../src/embedded/binaries.ts';

const [, , installed = '', folder = ''] = process.argv;
process.stdout.write(runnable(installed, folder).postgres);
