// What a Vagrantfile is built with, told from its tree: for the facts kept about the corpus, and to see that our own files hold the same.
import { nodesOf } from '../../../src/vagrant/rubyNodes.ts';
import { parseRuby, type RubyNode } from '../../../src/vagrant/prism.ts';

const iterators = new Set(['each', 'each_with_index', 'each_pair', 'times', 'upto', 'map', 'select', 'each_slice', 'collect', 'each_key', 'each_value', 'with_index']);
const libraries = new Set(['YAML', 'JSON', 'IPAddr', 'Dir', 'Open3', 'Etc', 'Socket', 'ERB', 'Set', 'OpenSSL', 'RbConfig', 'RUBY_PLATFORM', 'VagrantPlugins']);

/** Names of constructs in a Vagrantfile, sorted. */
export async function constructsOf(source: string): Promise<string[]> {
  const { tree, text } = await parseRuby(source);
  const found = new Set<string>();
  for (const node of nodesOf(tree)) {
    const name = String(node.name);
    const receiver = node.receiver as RubyNode | null | undefined;
    switch (node.type) {
      case 'CallNode':
        if (iterators.has(name) && node.block) found.add(receiver?.type === 'ParenthesesNode' ? `${name} over a range` : name);
        if (receiver?.type === 'ConstantReadNode' && receiver.name === 'ENV') found.add(name === 'fetch' ? 'ENV.fetch' : 'ENV[]');
        if (receiver?.type === 'ConstantReadNode' && receiver.name === 'File') found.add(`File.${name}`);
        if (receiver?.type === 'ConstantReadNode' && libraries.has(String(receiver.name))) found.add(`${String(receiver.name)}.${name}`);
        if (name === 'has_plugin?' || name === 'require_version' || name === 'format' || name === 'sprintf' || name === '%') found.add(name === '%' && receiver?.type !== 'StringNode' ? 'arithmetic' : name);
        if (['network', 'synced_folder', 'provision', 'provider', 'disk', 'cloud_init', 'define', 'customize'].includes(name)) found.add(name);
        if (name === 'provider') found.add(`provider ${firstWord(node)}`);
        if (name === 'provision') found.add(`provision ${firstWord(node)}`);
        if (name === 'trigger' || (receiver?.type === 'CallNode' && receiver.name === 'trigger')) found.add('trigger');
        if (['gsub', 'sub', 'split', 'join', 'merge', 'upcase', 'downcase', 'to_i', 'to_s', 'start_with?', 'include?'].includes(name)) found.add(name);
        if (receiver && ['+', '-', '*', '/'].includes(name)) found.add('arithmetic');
        break;
      case 'BlockNode': found.add(text(node.openingLoc as RubyNode['location']) === '{' ? 'brace block' : 'do block'); break;
      case 'InterpolatedStringNode': case 'StringNode': {
        const opening = node.openingLoc ? text(node.openingLoc as RubyNode['location']) : '';
        if (opening.startsWith('<<')) found.add(opening.startsWith('<<~') ? 'squiggly heredoc' : 'heredoc');
        if (opening.startsWith('%')) found.add('percent literal');
        if (node.type === 'InterpolatedStringNode' && !opening.startsWith('<<')) found.add('interpolation');
        break;
      }
      case 'ArrayNode': if (node.openingLoc && text(node.openingLoc as RubyNode['location']).startsWith('%')) found.add('percent literal'); break;
      case 'AssocNode': found.add(node.operatorLoc ? 'hash rocket' : 'keyword'); break;
      case 'ConstantWriteNode': found.add('constant'); break;
      case 'LocalVariableWriteNode': found.add('local variable'); break;
      case 'GlobalVariableWriteNode': case 'InstanceVariableWriteNode': found.add('global variable'); break;
      case 'IfNode': case 'UnlessNode': found.add(text(node.location).startsWith('if') || text(node.location).startsWith('unless') ? 'if' : 'modifier or ternary'); break;
      case 'CaseNode': found.add('case'); break;
      case 'DefNode': found.add('def'); break;
      case 'LambdaNode': found.add('lambda'); break;
      case 'ClassNode': case 'ModuleNode': found.add('class or module'); break;
      case 'RegularExpressionNode': found.add('regular expression'); break;
      case 'XStringNode': case 'InterpolatedXStringNode': found.add('backticks'); break;
      case 'ForNode': found.add('for'); break;
      case 'WhileNode': case 'UntilNode': found.add('while'); break;
      case 'OrNode': found.add('||'); break;
      case 'BeginNode': if (node.rescueClause) found.add('rescue'); break;
    }
  }
  return [...found].sort();
}

function firstWord(node: RubyNode): string {
  const first = ((node.arguments as RubyNode | null)?.arguments as RubyNode[] | undefined)?.[0];
  const word = (first?.unescaped as { value?: string } | undefined)?.value ?? '?';
  return /^[a-z_0-9]{1,24}$/.test(word) ? word : '?';
}
