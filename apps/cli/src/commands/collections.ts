import type { Command } from '@commander-js/extra-typings';
import { connect } from '../connect.ts';
import { print, printJson, renderTable } from '../output.ts';

export function addCollections(program: Command): void {
  const collections = program.command('collections').description('list, show, make or delete collections of models');
  collections
    .command('list', { isDefault: true })
    .description('list collections')
    .option('--json', 'print JSON')
    .action(async ({ json }) => {
      const list = await connect().collections.list();
      if (json) return printJson(list);
      const rows = list.map(({ slug, name, description }) => [slug, name, description]);
      print(renderTable(['SLUG', 'NAME', 'DESCRIPTION'], rows, 'No collections.'));
    });
  collections
    .command('show')
    .description('print one collection with its models as JSON')
    .argument('<slug>')
    .action(async (slug) => printJson(await connect().collections.get(slug)));
  collections
    .command('put')
    .description('make a collection, or replace it; for admins')
    .argument('<slug>', 'its name in URLs')
    .argument('[models...]', 'owner/name of each, in their order')
    .requiredOption('--name <name>', 'what it is called')
    .option('--description <text>', 'what is in it, in a sentence', '')
    .option('--full-description <text>', 'what is in it, at length')
    .action(async (slug, models, { name, description, fullDescription }) => {
      const { models: kept } = await connect().collections.put(slug, {
        name,
        description,
        full_description: fullDescription,
        models,
      });
      print(`${slug} has ${kept.length} ${kept.length === 1 ? 'model' : 'models'}`);
    });
  collections
    .command('delete')
    .description('delete a collection; its models stay; for admins')
    .argument('<slug>')
    .action(async (slug) => {
      await connect().collections.delete(slug);
      print(`deleted ${slug}`);
    });
}
