// Installing from a CD image without questions, where VirtualBox knows how: `provider_config.unattended`. The password comes from an
// environment variable and goes to VBoxManage by its standard input; it never stands in a file of Gaia's, an argument, or the log.
import { GaiaError } from '../../machines/errors.ts';
import type { MachineSpec } from '../../machines/spec.ts';
import * as requests from './requests.ts';
import type { Call } from './requests.ts';
import type { Tool } from './tool.ts';

/** What VirtualBox found on a CD image. */
export interface DetectedSystem {
  /** Its word for `modifyvm --ostype`. */
  readonly osType: string;
  readonly version?: string;
  readonly supported: boolean;
}

export interface Unattended {
  readonly user: string;
  readonly passwordEnv: string;
  readonly fullName?: string;
  readonly hostname: string;
  readonly locale?: string;
  readonly country?: string;
  readonly timeZone?: string;
  readonly language?: string;
  readonly minimal: boolean;
  readonly additions: boolean;
  readonly imageIndex?: number;
}

/** What the file asks for; undefined = a person answers the installer's questions. Throws GaiaError `invalidInput`. */
export function unattendedOf(spec: Pick<MachineSpec, 'name' | 'hostname' | 'options' | 'source'>): Unattended | undefined {
  const said = spec.options['unattended'];
  if (said === undefined || said === null || said === false || spec.source.kind !== 'iso') return undefined;
  if (typeof said !== 'object') throw new GaiaError('invalidInput', { message: '"unattended" must be an object with at least "user" and "password_env".' });
  const values = said as Readonly<Record<string, unknown>>;
  // Its templates put these into scripts and answer files as they are.
  const text = (key: string, pattern: RegExp, example: string): string | undefined => {
    const value = values[key];
    if (value === undefined) return undefined;
    if (typeof value === 'string' && pattern.test(value)) return value;
    throw new GaiaError('invalidInput', { message: '"{0}" of "unattended" cannot be {1}.', values: [key, JSON.stringify(value), example], hint: 'Write it like {2}.' });
  };
  const user = text('user', /^[A-Za-z_][\w.-]{0,31}$/, '"dev"');
  const passwordEnv = text('password_env', /^[A-Za-z_]\w*$/, '"VM_PASSWORD"');
  if (user === undefined || passwordEnv === undefined) throw new GaiaError('invalidInput', { message: '"unattended" must say the "user", and in "password_env" the name of the environment variable with the password.' });
  const [fullName, locale, country, timeZone, language] = [text('full_name', /^[^\p{Cc}"'\\<>&$`:#]{1,80}$/u, '"Dev Eloper"'), text('locale', /^[a-z]{2}_[A-Z]{2}$/, '"de_DE"'), text('country', /^[A-Z]{2}$/, '"DE"'), text('time_zone', /^[\w/+-]{1,60}$/, '"Europe/Berlin"'), text('language', /^[a-z]{2}-[A-Z]{2}$/, '"de-DE"')];
  const index = values['image_index'];
  const host = (spec.hostname ?? spec.name).replaceAll(/[^A-Za-z0-9.-]/g, '-').replace(/^[-.]+|[-.]+$/g, '') || 'machine';
  return {
    user, passwordEnv, minimal: values['minimal'] === true, additions: values['install_additions'] === true,
    // VirtualBox wants both parts; home.arpa is the domain of networks that have none.
    hostname: host.includes('.') ? host : `${host}.home.arpa`,
    ...(fullName === undefined ? {} : { fullName }), ...(locale === undefined ? {} : { locale }), ...(country === undefined ? {} : { country }), ...(timeZone === undefined ? {} : { timeZone }), ...(language === undefined ? {} : { language }),
    ...(typeof index === 'number' && Number.isInteger(index) && index > 0 ? { imageIndex: index } : {}),
  };
}

/** The call that prepares the installation of a machine that is made. Without a password it is only for show. */
export function unattendedCall(uuid: string, iso: string, wanted: Unattended, password?: string): Call {
  return requests.unattendedInstall([
    uuid, `--iso=${iso}`, `--user=${wanted.user}`, '--password-file=stdin', `--hostname=${wanted.hostname}`,
    ...(wanted.fullName === undefined ? [] : [`--full-user-name=${wanted.fullName}`]),
    ...(wanted.locale === undefined ? [] : [`--locale=${wanted.locale}`]),
    ...(wanted.country === undefined ? [] : [`--country=${wanted.country}`]),
    ...(wanted.timeZone === undefined ? [] : [`--time-zone=${wanted.timeZone}`]),
    ...(wanted.language === undefined ? [] : [`--language=${wanted.language}`]),
    ...(wanted.minimal ? ['--package-selection-adjustment=minimal'] : []),
    ...(wanted.additions ? ['--install-additions'] : []),
    ...(wanted.imageIndex === undefined ? [] : [`--image-index=${String(wanted.imageIndex)}`]),
    '--start-vm=none',
  ], password);
}

/** Throws GaiaError `invalidInput` when the variable is not set, or its text cannot be handed over as one line. */
export function passwordOf({ passwordEnv }: Unattended, env: Readonly<Record<string, string | undefined>>): string {
  const password = env[passwordEnv];
  if (password === undefined || password === '') throw new GaiaError('invalidInput', { message: 'The environment variable {0} with the password is not set.', values: [passwordEnv], hint: 'Set it before VS Code starts.' });
  if (/[\r\n\0]/.test(password)) throw new GaiaError('invalidInput', { message: 'The password in {0} must be one line.', values: [passwordEnv] });
  return password;
}

/** Asks VirtualBox what is on the CD image. Throws GaiaError `notSupported` when it cannot install that by itself. */
export async function detectSystem(tool: Tool, iso: string, signal: AbortSignal): Promise<DetectedSystem> {
  // 7.2 ends with "extended info not available" after a whole answer.
  const { stdout } = await tool.ask(requests.unattendedDetect(iso), signal, (_failure, said) => /^OSTypeId=/m.test(said));
  const found = parseDetected(stdout);
  if (found?.supported) return found;
  throw new GaiaError('notSupported', {
    message: found ? 'VirtualBox cannot install {0} by itself.' : 'VirtualBox does not know the system on {0}, and cannot install it by itself.', values: [found ? (found.version ?? found.osType) : iso],
    hint: 'Remove "unattended" and answer the installer\'s questions, or use an image with cloud-init.', raw: stdout,
  });
}

/** `OSTypeId="Ubuntu22_64"` … of `unattended detect --machine-readable`; quotes in a value are escaped. */
export function parseDetected(stdout: string): DetectedSystem | undefined {
  const values = new Map([...stdout.matchAll(/^(\w+)="(.*)"\r?$/gm)].map(match => [match[1] ?? '', (match[2] ?? '').replaceAll('\\"', '"')]));
  const osType = values.get('OSTypeId');
  if (osType === undefined || osType === '' || osType === 'Unknown') return undefined;
  const version = values.get('OSVersion');
  return { osType, supported: values.get('IsInstallSupported') === 'on', ...(version ? { version } : {}) };
}
