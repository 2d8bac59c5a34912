import { demoBundle } from '../local/demo-patients';
import type { Person, Ward } from '../test/e2e/ward';

/** Imports a demo patient and puts the demo clinician on the care team. @returns the patient's id */
export async function caredFor(ward: Ward): Promise<string> {
  const registrar = ward.as('registrar');
  const { id } = await ok(registrar, 'POST', '/v1/imports', { parts: 1 });
  await ok(registrar, 'PUT', `/v1/imports/${id}/parts/1`, { entries: demoBundle(1).entry });
  const { patient } = await ok(registrar, 'POST', `/v1/imports/${id}/commit`, {});
  await ok(ward.as('admin'), 'PUT', `/v1/patients/${patient}/care-team/${ward.user('clinician').sub}`, {});
  return patient;
}

/** @returns the answer's body. @throws Error naming the request when it was refused */
export async function ok(person: Person, method: string, path: string, body?: unknown) {
  const answer = await person.call(method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}`);
  return answer.body;
}
